// The sample workload's code: says where it runs.
export const handler = async () => ({ region: process.env.AWS_REGION });
