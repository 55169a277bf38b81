'use strict';
// Runs a function's handler on events of the local daemon: `node worker.js module.handler SECONDS` in its folder.
// Plain Node.js, from version 14 on.

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const IPCClient = require('./modules/aws-greengrass-ipc-sdk-js');
const { FunctionArnFields } = require('./modules/aws-greengrass-common-js');

const ARN = process.env.MY_FUNCTION_ARN;
const [, , EXECUTABLE, TIMEOUT_S] = process.argv;
const BINARY = process.env.ENCODING_TYPE === 'binary';
const SUFFIXES = ['.js', '.mjs', '.cjs'];
const core = new IPCClient();

const ask = (name, ...given) => new Promise((resolve, reject) => {
    core[name](ARN, ...given, (error, answer) => (error ? reject(error) : resolve(answer)));
});

async function load(executable) {
    const [, module, name] = /^(.*)\.([^.]+)$/.exec(executable);
    const base = path.resolve(module);
    const file = SUFFIXES.map((suffix) => base + suffix).find((one) => fs.existsSync(one)) || base;
    let exported;
    try {
        exported = require(file);
    } catch (error) {
        if (error.code !== 'ERR_REQUIRE_ESM') throw error;
        exported = await import(pathToFileURL(file).href);
    }
    const handler = exported[name] || (exported.default || {})[name];
    if (typeof handler !== 'function') throw new Error(`${file} exports no function ${name}`);
    return handler;
}

// Both spellings of `custom`: handlers for Node.js read `Custom`, those for other languages `custom`.
function clientContext(given) {
    if (!given) return undefined;
    const { client, custom, env } = JSON.parse(Buffer.from(given, 'base64'));
    return { client, Custom: custom, custom, env };
}

function contextOf(work, end) {
    const { name, qualifier } = new FunctionArnFields(ARN);
    const deadline = Date.now() + TIMEOUT_S * 1000;
    return {
        invokedFunctionArn: ARN,
        functionName: name,
        functionVersion: qualifier,
        awsRequestId: work.invocationId,
        clientContext: clientContext(work.clientContext),
        callbackWaitsForEmptyEventLoop: true,
        getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
        succeed: (result) => end(null, result),
        fail: (error) => end(error || new Error('the handler has failed')),
        done: end,
    };
}

// A handler ends by its callback, by its promise, by `context`, or when nothing is left that could go on; one
// that takes no callback and gives no promise when it returns and the core has answered what it asked.
function run(handler, event, work) {
    return new Promise((resolve, reject) => {
        process.removeAllListeners('beforeExit').once('beforeExit', () => resolve());
        const end = (error, result) => (error ? reject(error) : resolve(result));
        const given = handler(event, contextOf(work, end), end);
        if (given && typeof given.then === 'function') given.then(resolve, reject);
        else if (handler.length < 3) IPCClient.rest().then(() => resolve(given));
    });
}

function eventOf(payload) {
    if (BINARY) return payload;
    try {
        return JSON.parse(payload);
    } catch (error) {
        throw new Error(`the handler was not called, the payload is not JSON: ${error.message}`);
    }
}

function written(result) {
    if (!BINARY) return JSON.stringify(result === undefined ? null : result);
    if (result === undefined || result === null) return '';
    if (typeof result === 'string' || result instanceof Uint8Array) return result;
    throw new TypeError(`a handler with binary encoding returns a Buffer or a string, not ${typeof result}`);
}

function described(error) {
    const known = error instanceof Error ? error : new Error(typeof error === 'string' ? error : JSON.stringify(error));
    return {
        errorMessage: known.message,
        errorType: known.name,
        stackTrace: String(known.stack).split('\n'),
    };
}

async function serve(handler, work) {
    let payload;
    try {
        payload = written(await run(handler, eventOf(work.payload), work));
    } catch (error) {
        await ask('postHandlerErr', work.invocationId, described(error));
        return;
    }
    await ask('postWorkResult', { invocationId: work.invocationId, payload });
}

async function main() {
    let handler;
    try {
        handler = await load(EXECUTABLE);
    } catch (error) {
        console.error(error);
        await ask('putInitializationResult', error);
        process.exit(1);
    }
    await ask('putInitializationResult', null);
    for (;;) await serve(handler, await ask('getWork'));
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
