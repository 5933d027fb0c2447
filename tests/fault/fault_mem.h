/* SQLite's memory that runs out on request. For tests only. */
#ifndef TESTS_FAULT_FAULT_MEM_H
#define TESTS_FAULT_FAULT_MEM_H

/* Stands between SQLite and the heap; before anything uses SQLite in this process. */
void fault_mem_install(void);

/* From now on `n` allocations after the next `after` of them fail; n 0 heals. */
void fault_mem_fail(int after, int n);

/* Allocations since the installation. */
int fault_mem_count(void);

#endif
