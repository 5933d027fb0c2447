// Documented limits of what our messages use, as JSON Schema: Slack's Block Kit reference and the
// Adaptive Card 1.5 elements that Teams shows. What is not listed here we do not send.
const text = (type, max) => ({
    type: 'object', required: ['type', 'text'], additionalProperties: false,
    properties: {
        type: { enum: type }, text: { type: 'string', minLength: 1, maxLength: max },
        emoji: { type: 'boolean' }, verbatim: { type: 'boolean' },
    },
});
const plain = max => text(['plain_text'], max), any = max => text(['plain_text', 'mrkdwn'], max);
const id = { type: 'string', minLength: 1, maxLength: 255 };
const block = (type, properties, required) => ({
    type: 'object', required: ['type', 'block_id', ...required], additionalProperties: false,
    properties: { type: { const: type }, block_id: id, ...properties },
});
const button = {
    type: 'object', required: ['type', 'action_id', 'text'], additionalProperties: false,
    properties: {
        type: { const: 'button' }, action_id: id, text: plain(75),
        url: { type: 'string', pattern: '^https?://', maxLength: 3000 },
        value: { type: 'string', maxLength: 2000 }, style: { enum: ['primary', 'danger'] },
        confirm: {
            type: 'object', required: ['title', 'text', 'confirm', 'deny'],
            additionalProperties: false,
            properties: { title: plain(100), text: any(300), confirm: plain(30), deny: plain(30) },
        },
    },
};
const input = {
    type: 'object', required: ['type', 'action_id'], additionalProperties: false,
    properties: {
        type: { const: 'plain_text_input' }, action_id: id, multiline: { type: 'boolean' },
        max_length: { type: 'integer', minimum: 1, maximum: 3000 },
    },
};
const blocks = {
    header: block('header', { text: plain(150) }, ['text']),
    section: {
        ...block('section', {
            text: any(3000), fields: { type: 'array', minItems: 1, maxItems: 10, items: any(2000) },
        }, []),
        anyOf: [{ required: ['text'] }, { required: ['fields'] }],
    },
    context: block('context',
        { elements: { type: 'array', minItems: 1, maxItems: 10, items: any(3000) } }, ['elements']),
    input: block('input', {
        label: plain(2000), hint: plain(2000), optional: { type: 'boolean' }, element: input,
    }, ['label', 'element']),
    actions: block('actions',
        { elements: { type: 'array', minItems: 1, maxItems: 25, items: button } }, ['elements']),
};
// one branch for each type, so that a complaint is about the block that was meant
const byType = (table, items = Object.keys(table)) => ({
    type: 'object', required: ['type'], properties: { type: { enum: items } },
    allOf: items.map(t => ({ if: { properties: { type: { const: t } } }, then: table[t] })),
});

export const slack = {
    type: 'object', required: ['channel', 'text', 'blocks'], additionalProperties: false,
    properties: {
        channel: { type: 'string' }, ts: { type: 'string' }, thread_ts: { type: 'string' },
        reply_broadcast: { type: 'boolean' }, text: { type: 'string', minLength: 1, maxLength: 4000 },
        blocks: { type: 'array', minItems: 1, maxItems: 50, items: byType(blocks) },
    },
};

const element = (type, properties, required) => ({
    type: 'object', required: ['type', ...required], additionalProperties: false,
    properties: { type: { const: type }, ...properties },
});
const run = element('TextRun', {
    text: { type: 'string' }, weight: { enum: ['Default', 'Lighter', 'Bolder'] },
    isSubtle: { type: 'boolean' },
}, ['text']);
const shown = {
    TextBlock: element('TextBlock', {
        text: { type: 'string', minLength: 1 }, wrap: { const: true }, isSubtle: { type: 'boolean' },
        size: { enum: ['Small', 'Default', 'Medium', 'Large', 'ExtraLarge'] },
        weight: { enum: ['Default', 'Lighter', 'Bolder'] }, style: { enum: ['default', 'heading'] },
        spacing: { enum: ['None', 'Small', 'Default', 'Medium', 'Large', 'ExtraLarge', 'Padding'] },
    }, ['text', 'wrap']),
    RichTextBlock: element('RichTextBlock',
        { inlines: { type: 'array', minItems: 1, items: run }, spacing: { const: 'Small' } },
        ['inlines']),
};
shown.Container = element('Container', {
    style: { enum: ['default', 'emphasis'] },
    items: { type: 'array', minItems: 1, items: byType(shown, ['TextBlock', 'RichTextBlock']) },
}, ['items']);
export const teams = {
    type: 'object', required: ['type', 'attachments'], additionalProperties: false,
    properties: {
        type: { const: 'message' },
        attachments: {
            type: 'array', minItems: 1, maxItems: 1,
            items: {
                type: 'object', required: ['contentType', 'content'], additionalProperties: false,
                properties: {
                    contentType: { const: 'application/vnd.microsoft.card.adaptive' },
                    contentUrl: { const: null },
                    content: {
                        type: 'object', required: ['$schema', 'type', 'version', 'body', 'actions'],
                        additionalProperties: false,
                        properties: {
                            $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
                            type: { const: 'AdaptiveCard' }, version: { const: '1.5' },
                            fallbackText: { type: 'string', minLength: 1 },
                            body: { type: 'array', minItems: 1, items: byType(shown) },
                            actions: {
                                type: 'array', minItems: 1, maxItems: 6,
                                items: element('Action.OpenUrl', {
                                    title: { type: 'string', minLength: 1 },
                                    url: { type: 'string', pattern: '^https?://' },
                                }, ['title', 'url']),
                            },
                        },
                    },
                },
            },
        },
    },
};
export const TEAMS_BYTES = 28 * 1024;
