import { matches, parseFilters } from '../../../../../src/api/containerd/filter/filter';

const container: Readonly<Record<string, string>> = {
  id: 'a1',
  image: '',
  'runtime.name': 'io.containerd.runc.v2',
  'labels.com.example.x': 'yes',
  topic: '/tasks/exit',
  namespace: 'moby',
};
const fits = (...filters: string[]): boolean => matches(parseFilters(filters), (path) => container[path.join('.')]);

describe('filters', () => {
  test.each([
    [''], ['id'], ['id==a1'], [' id== a1'], ['id=="a1"'], ['id==a1,topic'], ['id!=b'], ['nothing!=b'], ['image!=x'],
    ['labels.com.example.x==yes'], ['labels."com.example.x"==yes'], ['"id"==a1'], ['runtime.name~=runc'],
    ['namespace==moby,topic~=|^/tasks/|'], ['topic~=/exit$/'], ['topic~=/^\\/tasks/'], ['topic~="^/tasks/"'], ['nothing~=/^$/'],
    ['id=="\\x61\\u0031"'], ['nothing~=""'], ['image~="^$"'], ['id~=/\\x61/'], ['id~="a\\\\d"'],
    ['topic~=|^/tasks/exit$|'], ['topic~="(?i)TASKS"'], ['id~="[[:alnum:]]"'], ['id\n== a1'], ['labels. com.example.x'],
  ])('%s fits', (filter) => {
    expect(fits(filter)).toBe(true);
  });

  test.each([
    ['image'], ['nothing'], ['id==a'], ["id=='a1'"], ['id!=a1'], ['id==a1,nothing'], ['topic~=|^/containers/|'], ['topic~=('],
    ['nothing==x'], ['nothing==""'], ['image==""'], ['image!=""'], ['nothing!=""'], ['id~=b{1001}'], ['""'], ['id==\\d'],
  ])('%s does not fit', (filter) => {
    expect(fits(filter)).toBe(false);
  });

  test('any of several will do, and none is all', () => {
    expect(fits('id==b', 'id==a1')).toBe(true);
    expect(fits('id==b', 'id==c')).toBe(false);
    expect(fits()).toBe(true);
  });

  // Each as containerd 1.6.20 answers it.
  test.each([
    ['id=a1', '[id >|=|< a1]: unsupported operator "="'],
    ['id===a1', '[id >|=|< ==a1]: unsupported operator "==="'],
    ['id~a', '[id >|~|< a]: unsupported operator "~"'],
    ['id==~a', '[id >|=|< =~a]: unsupported operator "==~"'],
    ['id== =a', '[id==  >|=|< a]: expected value or quoted'],
    ['id==a1 ', '[id==a1 >| |< ]: unexpected input:  '],
    ['id=="a1"x', '[id=="a1" >|x|< ]: unexpected input: x'],
    ['id==a1 id==a1', '[id==a1 >| |< id==a1]: unexpected input:  '],
    ['id==a\u0001b', '[id==a >|\u0001|< b]: unexpected input: \u0001'],
    ['id==a\0', '[id==a >|\0|< ]: unexpected input: \ufffd'],
    ['id~=/[/]/', '[id~=/[/ >|]|< /]: unexpected input: ]'],
    ['id==', '[id==]: expected value or quoted'],
    ['id==,', '[id== >|,|< ]: expected value or quoted'],
    ['foo~=.*', '[foo~= >|.|< *]: expected value or quoted'],
    ['=a', '[ >|=|< a]: expected field or quoted'],
    [',', '[ >|,|< ]: expected field or quoted'],
    ['id==a1,', '[id==a1,]: expected field or quoted'],
    ['id.', '[id.]: expected field or quoted'],
    ['id..x', '[id. >|.|< x]: expected field or quoted'],
    ['   ', '[   ]: expected field or quoted'],
    ['id a1', '[id  >|a|< 1]: expected an operator ("=="|"!="|"~=")'],
    ['id ,id', '[id  >|,|< id]: expected an operator ("=="|"!="|"~=")'],
    ['id .x', '[id  >|.|< x]: expected an operator ("=="|"!="|"~=")'],
    ['id ', '[id ]: expected an operator ("=="|"!="|"~=")'],
    ['labels.foo-bar==x', '[labels.foo >|-|< bar==x]: expected an operator ("=="|"!="|"~=")'],
    ['i\0d', '[i >|\0|< d]: unexpected null'],
    ['id==\ufffd', '[id== >|\ufffd|< ]: rune error'],
    ['"', '[ >|"|< ]: quoted literal not terminated'],
    ['id=="a', '[id== >|"|< a]: quoted literal not terminated'],
    ['id=="a\nb"', '[id== >|"|< a\nb"]: quoted literal not terminated'],
    ['id~=|a', '[id~= >|||< a]: quoted literal not terminated'],
    ['id==/a/', '[id== >|/|< a/]: invalid quote encountered'],
    ['|id|==a1', '[ >|||< id|==a1]: invalid quote encountered'],
    ['id=="\\q"', '[id== >|"|< \\q"]: illegal escape sequence'],
    ['id~=/b\\d/', '[id~= >|/|< b\\d/]: illegal escape sequence'],
    ['id=="\\xg1"', '[id== >|"|< \\xg1"]: illegal numeric escape sequence'],
    ['id=="\\u12"', '[id== >|"|< \\u12"]: illegal numeric escape sequence'],
    ['id=="\\400"', '[id== >|"|< \\400"]: unquoting failed: quote syntax error'],
    ['id=="\\U00110000"', '[id== >|"|< \\U00110000"]: unquoting failed: quote syntax error'],
  ])('%j is refused: %j', (filter, message) => {
    expect(() => parseFilters([filter])).toThrow(new Error(`filters: parse error: ${message}`));
  });
});
