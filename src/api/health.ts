import type { handleUnaryCall } from '@grpc/grpc-js';
import { type HealthCheckRequest, type HealthCheckResponse, HealthCheckResponse_ServingStatus as Serving } from './gen/health';

/** Health/Check: says SERVING at once; three slow answers and dockerd kills the daemon. */
export const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = (_call, callback) => {
  callback(null, { status: Serving.SERVING });
};
