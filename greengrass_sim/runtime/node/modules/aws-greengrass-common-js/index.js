'use strict';
// What the SDK for Node.js expects of a core: variables, ARNs of functions, and a logger.

const ARN = /^arn:([\w-]+):lambda:([\w-]*):(\w*):function:([\w-]+)(?::([\w$-]+))?$/;

class FunctionArnFields {
    constructor(arn) {
        const found = ARN.exec(arn);
        if (!found) throw new Error(`'${arn}' is no ARN of a function`);
        [, this.partition, this.region, this.accountId, this.name, this.qualifier] = found;
        this.unqualifiedArn = `arn:${this.partition}:lambda:${this.region}:${this.accountId}:function:${this.name}`;
    }

    toArnString() {
        return buildFunctionArn(this.unqualifiedArn, this.qualifier);
    }
}

function buildFunctionArn(unqualifiedArn, qualifier) {
    return qualifier ? `${unqualifiedArn}:${qualifier}` : unqualifiedArn;
}

// Only what is wrong is worth a line of the function's log.
class LocalWatchLogger {
    constructor() {
        for (const level of ['trace', 'debug', 'info']) this[level] = () => {};
        for (const level of ['warn', 'error']) this[level] = (...words) => console[level](...words);
        this.fatal = this.error;
    }
}

const { env } = process;

module.exports = {
    envVars: {
        AUTH_TOKEN: env.AWS_CONTAINER_AUTHORIZATION_TOKEN,
        MY_FUNCTION_ARN: env.MY_FUNCTION_ARN,
        SHADOW_FUNCTION_ARN: env.SHADOW_FUNCTION_ARN,
        ROUTER_FUNCTION_ARN: env.ROUTER_FUNCTION_ARN,
        SECRETS_MANAGER_FUNCTION_ARN: env.SECRETS_MANAGER_FUNCTION_ARN,
        GGC_MAX_INTERFACE_VERSION: env.GGC_MAX_INTERFACE_VERSION,
        GG_DAEMON_PORT: env.GG_DAEMON_PORT,
    },
    FunctionArnFields,
    buildFunctionArn,
    logging: { LocalWatchLogger },
};
