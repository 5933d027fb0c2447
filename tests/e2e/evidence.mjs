// Receipts, checkpoints and proofs by Node's own crypto, from the published formats alone: RFC 6962,
// C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof. Standard input is one JSON
// object {"do", …}; standard output one JSON answer.
//   {"do":"check","receipt","vkey"} → {"holds"}      {"do":"note","note","vkey"} → {"holds","time"}
//   {"do":"consistency","proof","old","now"} → {"holds"}      {"do":"proof","text"} → {"receipt"}
//   {"do":"make","events":n} → a book's log, its key, a witness's, receipts, checkpoints, a proof
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const sha = (...parts) => parts.reduce((h, p) => h.update(p), createHash("sha256")).digest();
const leaf = (data) => sha(Buffer.of(0), data);
const node = (l, r) => sha(Buffer.of(1), l, r);
const b64 = (bytes) => bytes.toString("base64");
const un64 = (text) => Buffer.from(text, "base64");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function vkeyOf(vkey) {
  const [name, id] = vkey.split("+", 2);
  const data = un64(vkey.slice(name.length + id.length + 2));
  const own = sha(name, "\n", data).subarray(0, 4).toString("hex");
  if (own !== id) throw new Error("not its id");
  const key = createPublicKey({ key: Buffer.concat([SPKI, data.subarray(1)]), format: "der", type: "spki" });
  return { name, id, alg: data[0], key };
}

function note(text, vkey) {
  const k = vkeyOf(vkey);
  const cut = text.lastIndexOf("\n\n");
  const body = text.slice(0, cut + 1);
  for (const line of text.slice(cut + 2).split("\n").slice(0, -1)) {
    const [, name, base64] = line.split(" ");
    const bytes = un64(base64);
    if (name !== k.name || bytes.subarray(0, 4).toString("hex") !== k.id) continue;
    if (k.alg === 1) return { body, holds: verify(null, Buffer.from(body), k.key, bytes.subarray(4)) };
    const time = bytes.readBigUInt64BE(4);
    const signed = Buffer.from(`cosignature/v1\ntime ${time}\n${body}`);
    return { body, time: Number(time), holds: verify(null, signed, k.key, bytes.subarray(12)) };
  }
  return { body, holds: false };
}

const headOf = (text) => {
  const [origin, size, root] = text.split("\n");
  return { origin, size: Number(size), root: un64(root) };
};

function climbs(fn, sn, r, proof) {
  let also = r; // of the older tree, in a consistency proof
  for (const p of proof) {
    if (sn === 0) return [];
    if (fn & 1 || fn === sn) {
      [also, r] = [node(p, also), node(p, r)];
      while (fn && !(fn & 1)) [fn, sn] = [fn >>> 1, sn >>> 1];
    } else r = node(r, p);
    [fn, sn] = [fn >>> 1, sn >>> 1];
  }
  return sn === 0 ? [also, r] : [];
}

function check({ receipt, vkey }) {
  const signed = note(receipt.checkpoint, vkey);
  const head = headOf(signed.body);
  const event = JSON.parse(receipt.event);
  const self = sha(Buffer.from(receipt.hash_prev, "hex"), receipt.event);
  const root = climbs(receipt.index, head.size - 1, leaf(self), receipt.proof.map(un64))[1];
  return {
    holds: signed.holds && receipt.index < head.size && root !== undefined && root.equals(head.root) &&
      event.seq === receipt.index + 1 && head.origin === `closegate/${event.book_id}` &&
      vkey.startsWith(`${head.origin}+`),
  };
}

function consistency({ proof, old, now }) {
  const [a, b] = [headOf(old), headOf(now)];
  let [fn, sn] = [a.size - 1, b.size - 1];
  while (fn & 1) [fn, sn] = [fn >>> 1, sn >>> 1];
  const hashes = proof.proof.map(un64);
  const first = fn === 0 ? a.root : hashes.shift();
  const [fr, sr] = climbs(fn, sn, first, hashes);
  return { holds: fr !== undefined && fr.equals(a.root) && sr.equals(b.root) };
}

function readProof({ text }) {
  const cut = text.indexOf("\n\n");
  const [first, extra, index, ...proof] = text.slice(0, cut).split("\n");
  if (first !== "c2sp.org/tlog-proof@v1") throw new Error("not a proof");
  return {
    receipt: { format: "closegate-receipt/1", ...JSON.parse(un64(extra.slice(6))),
               index: Number(index.slice(6)), proof, checkpoint: text.slice(cut + 2) },
  };
}

// ---- making ----

const split = (n) => 2 ** Math.floor(Math.log2(n - 1));
const mth = (d) => d.length === 0 ? sha("") : d.length === 1 ? d[0] :
  node(mth(d.slice(0, split(d.length))), mth(d.slice(split(d.length))));
function path(m, d) {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))]
               : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}
function subproof(m, d, whole) {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
                : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

function signer(name, alg) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const data = Buffer.concat([Buffer.of(alg), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
  const id = sha(name, "\n", data).subarray(0, 4);
  const line = (text, time) => {
    const stamp = Buffer.alloc(alg === 4 ? 8 : 0);
    if (alg === 4) stamp.writeBigUInt64BE(BigInt(time));
    const signed = alg === 4 ? `cosignature/v1\ntime ${time}\n${text}` : text;
    return `\u2014 ${name} ${b64(Buffer.concat([id, stamp, sign(null, Buffer.from(signed), privateKey)]))}\n`;
  };
  return { vkey: `${name}+${id.toString("hex")}+${b64(data)}`, line };
}

function make({ events }) {
  const book = "bk_node", origin = `closegate/${book}`;
  const log = signer(origin, 1), witness = signer("witness.example/node", 4);
  const leaves = [], receipts = [], lines = [], heads = [];
  let prev = Buffer.alloc(32);
  const rows = Array.from({ length: events }, (_, i) => {
    const at = new Date(Date.UTC(2026, 2, 3, 9) + 1000 * i).toISOString();
    // members in RFC 8785's order; text that needs escapes and text that must not have them
    const event = JSON.stringify({ actor_id: "human:ana", book_id: book,
      event_type: i === 0 ? "BOOK_CREATED" : "OK", rationale: `\u20ac "${i}"\t\u{1f600}`, seq: i + 1,
      timestamp_utc: at });
    const self = sha(prev, event);
    const row = { event, hash_prev: prev.toString("hex"), hash_self: self.toString("hex") };
    prev = self;
    leaves.push(leaf(self));
    const text = `${origin}\n${i + 1}\n${b64(mth(leaves))}\n`;
    heads.push(`${text}\n${log.line(text)}${witness.line(text, 1772528400 + i)}`);
    lines.push(`{"seq":${i + 1},"hash_prev":"${row.hash_prev}","hash_self":"${row.hash_self}","event":${event}}`,
               JSON.stringify({ checkpoint: heads[i] }));
    return row;
  });
  rows.forEach(({ event, hash_prev }, index) => receipts.push({ format: "closegate-receipt/1", event,
    hash_prev, index, proof: path(index, leaves).map(b64), checkpoint: heads[events - 1] }));
  const from = Math.floor(events / 2);
  return { vkey: log.vkey, witness: witness.vkey, receipts, log: `${lines.join("\n")}\n`,
    old: heads[from - 1], now: heads[events - 1],
    proof: { format: "closegate-consistency/1", from, to: events,
             proof: subproof(from, leaves, true).map(b64) } };
}

const asked = JSON.parse(readFileSync(0, "utf8"));
const note_ = ({ note: text, vkey }) => { const { holds, time } = note(text, vkey); return { holds, time }; };
const answers = { check, note: note_, consistency, proof: readProof, make };
process.stdout.write(JSON.stringify(answers[asked.do](asked)));
