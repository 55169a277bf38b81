'use strict';
// Handlers for Node.js as people write them: by callback, by promise, and by neither.

const gg = require('aws-greengrass-core-sdk');

const data = new gg.IotData();
const functions = new gg.Lambda();
let count = 0;

const publish = (topic, payload) => new Promise((resolve, reject) => {
    data.publish({ topic, payload: JSON.stringify(payload), queueFullPolicy: 'AllOrError' },
        (error) => (error ? reject(error) : resolve()));
});

const actions = {
    count: async () => { count += 1; return count; },
    seen: async (event, context) => ({
        topic: context.clientContext.Custom.subject,
        function: `${context.functionName}:${context.functionVersion}`,
        left: context.getRemainingTimeInMillis(),
    }),
    publish: (event) => publish(event.topic, event.payload),
    fail: async () => { throw new RangeError('as you wish'); },
    hang: () => new Promise(() => setInterval(() => {}, 1000)),
    forget: () => new Promise(() => {}),
    die: async () => { setImmediate(() => { throw new Error('out of the blue'); }); await new Promise(() => {}); },
    shadow: () => new Promise((resolve, reject) => {
        const payload = JSON.stringify({ state: { reported: { on: true } } });
        data.updateThingShadow({ thingName: 'lamp', payload }, (failed) => {
            if (failed) return reject(failed);
            return data.getThingShadow({ thingName: 'lamp' },
                (error, answer) => (error ? reject(error) : resolve(JSON.parse(answer.Payload).state)));
        });
    }),
    call: (event) => new Promise((resolve, reject) => {
        functions.invoke({ FunctionName: event.arn, Payload: JSON.stringify(event.payload) },
            (error, answer) => (error ? reject(error) : resolve([answer.FunctionError, JSON.parse(answer.Payload)])));
    }),
};

exports.handler = (event, context) => actions[event.do](event, context);

exports.byCallback = (event, context, callback) => {
    publish('answer/node', event).then(() => callback(null, 'called back'), callback);
};

exports.byNeither = (event) => {
    data.publish({ topic: 'answer/node', payload: JSON.stringify(event) }, () => {});
};
