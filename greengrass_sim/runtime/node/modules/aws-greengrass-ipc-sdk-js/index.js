'use strict';
// The local daemon's interface for the SDK for Node.js, and for our runtime beside it.

const http = require('http');

const HEADER = {
    id: 'X-Amz-InvocationId',
    error: 'X-Amz-Function-Error',
    context: 'X-Amz-Client-Context',
    kind: 'X-Amz-Invocation-Type',
};
const agent = new http.Agent({ keepAlive: true });
const HANDLED = 'Handled';

let asked = 0; // requests of the handler's that have not been answered
let atRest = [];

function settle() {
    asked -= 1;
    if (asked > 0) return;
    for (const go of atRest.splice(0)) go();
}

class IPCClient {
    constructor(token) {
        this.token = token || process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
        this.port = Number(process.env.GG_DAEMON_PORT || 8000);
    }

    // Resolves when all that handlers have asked the core for has been answered.
    static rest() {
        return new Promise((resolve) => (asked > 0 ? atRest.push(resolve) : resolve()));
    }

    // Calls back with an error, or the id to fetch the answer by.
    postWork(arn, payload, clientContext, invocationType, callback) {
        const headers = { [HEADER.context]: clientContext || '', [HEADER.kind]: invocationType };
        this._asked('POST', arn, headers, payload, callback, ({ message }) => [message.headers[HEADER.id.toLowerCase()]]);
    }

    // Calls back with an error, or the answer, 'Handled' or 'Unhandled' where it is an error, and the status.
    getWorkResult(arn, invocationId, callback) {
        this._asked('GET', arn, { [HEADER.id]: invocationId }, '', callback, ({ message, body }) => [
            body, message.headers[HEADER.error.toLowerCase()] || '', message.statusCode,
        ]);
    }

    // Calls back with an error, or the next event: invocationId, payload, clientContext (base64).
    getWork(arn, callback) {
        this._request('GET', `${arn}/work`, {}, '', (error, answer) => {
            if (error) return callback(error, null);
            const { headers } = answer.message;
            return callback(null, {
                invocationId: headers[HEADER.id.toLowerCase()],
                payload: answer.body,
                clientContext: headers[HEADER.context.toLowerCase()],
            });
        });
    }

    postWorkResult(arn, work, callback) {
        this._request('POST', `${arn}/work`, { [HEADER.id]: work.invocationId }, work.payload, callback);
    }

    postHandlerErr(arn, invocationId, error, callback) {
        const headers = { [HEADER.id]: invocationId, [HEADER.error]: HANDLED };
        const body = typeof error === 'object' ? error : { errorMessage: String(error) };
        this._request('POST', `${arn}/work`, headers, JSON.stringify(body), callback);
    }

    putInitializationResult(arn, error, callback) {
        const body = { Success: !error, Response: error ? `${error.name}("${error.message}")` : '' };
        this._request('PUT', `${arn}/initialized`, {}, JSON.stringify(body), callback);
    }

    _asked(method, path, headers, payload, callback, pick) {
        asked += 1;
        this._request(method, path, headers, payload, (error, answer) => {
            try {
                if (error) callback(error, null);
                else callback(null, ...pick(answer));
            } finally {
                settle();
            }
        });
    }

    _request(method, path, headers, payload, callback) {
        const body = payload === undefined || payload === null ? '' : payload;
        const request = http.request({
            agent,
            host: '127.0.0.1',
            port: this.port,
            method,
            path: `/2016-11-01/functions/${path}`,
            headers: { Authorization: this.token, 'Content-Length': Buffer.byteLength(body), ...headers },
        }, (message) => {
            const parts = [];
            message.on('data', (part) => parts.push(part));
            message.on('end', () => {
                const answer = { message, body: Buffer.concat(parts) };
                if (message.statusCode < 300) return callback(null, answer);
                const error = new Error(`HTTP Error ${message.statusCode}:${message.statusMessage}, ${answer.body}`);
                return callback(Object.assign(error, { statusCode: message.statusCode }), null);
            });
        });
        request.on('error', (error) => callback(error, null));
        request.end(body);
    }
}

module.exports = IPCClient;
