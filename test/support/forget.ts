import { type ServiceError, status } from '@grpc/grpc-js';

import { ContainersService as RecordsService } from '../../src/api/gen/containerd/services/containers/v1/containers';
import { NamespacesService } from '../../src/api/gen/containerd/services/namespaces/v1/namespaces';
import { ContainersService } from '../../src/api/gen/holdfast/v1/containers';
import { ContainerdClient } from './containerd-client';
import type { TestHost } from './test-host';

/** Ends and forgets all programs that no file defines. @throws where one cannot be */
export async function forgetPrograms(host: TestHost): Promise<void> {
  await withClient(host, async (client) => {
    const { containers } = await client.ask(ContainersService.list, { names: [], all_namespaces: false });
    const own = containers.filter(({ managed }) => managed?.of_command_line !== false);
    for (const { name } of own) {
      try {
        await client.ask(ContainersService.remove, { name, force: true });
      } catch (error) {
        // One that is to be removed at its end was just then.
        if ((error as ServiceError).code !== status.NOT_FOUND) throw error;
      }
    }
  });
}

/** Deletes the records of containers, in all namespaces. @returns whether no program and no task is known any more */
export function forgetRecords(host: TestHost): Promise<boolean> {
  return withClient(host, async (client) => {
    const { namespaces } = await client.ask(NamespacesService.list, { filter: '' });
    for (const { name } of namespaces) {
      const { containers } = await client.ask(RecordsService.list, { filters: [] }, name);
      for (const { id } of containers) await client.refusal(RecordsService.delete, { id }, name);
    }
    return (await client.ask(ContainersService.list, { names: [], all_namespaces: true })).containers.length === 0;
  });
}

async function withClient<T>(host: TestHost, work: (client: ContainerdClient) => Promise<T>): Promise<T> {
  const client = new ContainerdClient(host.socketPath);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
