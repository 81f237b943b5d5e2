import { boardLines } from '../../../../src/ctl/images/layer-board';

const layer = (digit: string, bytes: number, size: number) => ({ digest: `sha256:${digit.repeat(64)}`, bytes, size });

describe('how far a pull is', () => {
  test('is a bar for each layer', () => {
    expect(boardLines('busybox:latest', [layer('a', 2048, 2048), layer('b', 512, 1024), layer('c', 0, 0)], 0, 3)).toEqual([
      'busybox:latest: 2.5K of 3.0K',
      '  aaaaaaaaaaaa  ####################  2.0K / 2.0K',
      '  bbbbbbbbbbbb  ##########..........   512 / 1.0K',
      '  cccccccccccc  ####################     0 / 0',
    ]);
  });

  test('says which layer is unpacked meanwhile', () => {
    expect(boardLines('busybox:latest', [layer('a', 1024, 1024), layer('b', 512, 1024)], 1, 2)).toEqual([
      'busybox:latest: 1.5K of 2.0K, unpacking layer 1 of 2',
      '  aaaaaaaaaaaa  ####################  1.0K / 1.0K',
      '  bbbbbbbbbbbb  ##########..........   512 / 1.0K',
    ]);
  });

  test('is a line once all is here', () => {
    expect(boardLines('busybox:latest', [layer('a', 1, 1)], 1, 1)).toEqual(['busybox:latest: unpacking layer 1 of 1']);
  });
});
