"""Small templates for hf_chat_templates.py: hand-written ones for each feature, and generated ones. Pairs (template, variables).

Left out, since we refuse or print them otherwise on purpose (docs/chat-templates.md): whole numbers beyond 64 bits, recursive
loops, include and inheritance, addresses of objects, markup-safe strings, letters that grow when their case changes, slices of
constants.
"""
VARIABLES = {
    "s": "Hello, World", "u": "Grüne 漢字 😀 e\u0301", "e": "", "w": "  a b\t\nc  ", "n": 7, "z": 0, "m": -3, "f": 2.5, "t": True, "no": None,
    "l": [3, 1, 2], "ls": ["b", "A", "c", "a"], "el": [], "d": {"b": 1, "a": {"x": [1, 2]}, "items": 5}, "ed": {},
    "p": [{"n": "x", "v": 2, "t": True}, {"n": "Y", "v": 1}, {"n": "z", "v": 3, "t": False}], "q": "it's \"q\"\n\\",
}


def case(*templates):
    return [(template, VARIABLES) for template in templates]


def expressions(*texts):
    return case(*("{{ " + text + " }}" for text in texts))


SNIPPETS = expressions(
    "1 + 2 * 3", "2 ** 3 ** 2", "-2 ** 2", "7 // 2", "-7 // 2", "7 % -3", "-7 % 3", "7 / 2", "6 / 2", "1e3", "1.5e-7", "1e16", "1e22", "0.1 + 0.2",
    "7.5 // 2", "-7.5 % 2", "1 // 0.1", "2 ** -1", "2 ** 0.5", "1 / 0", "1 // 0", "1 % 0", "0.0 / 0", "1_000", "0x1F", "0b101", "0o17", "00", "1.0", "100000.0 ** 3",
    "true", "True", "none", "None", "not n", "not not n", "n and z", "z or n", "z and 1/0", "n or 1/0", "1 < 2 < 3", "1 < 2 > 3", "3 > 2 >= 2 != 1",
    "1 == 1.0", "true == 1", "'a' < 'b'", "'a' < 1", "[1, 2] < [1, 3]", "(1, 2) == [1, 2]", "{'a': 1} == {'a': 1.0}", "none < 1", "no == none", "x == y", "x == none",
    "'a' in 'abc'", "'' in ''", "1 in 'abc'", "1 in l", "9 not in l", "'b' in d", "l in d", "1 in n", "x in l", "1 in x", "'a' in x", "x in 'a'", "not 1 in l",
    "'a' ~ 1 ~ none ~ true ~ 1.0 ~ x", "'a' + 'b'", "'a' + 1", "1 + 'a'", "[1] + [2]", "(1,) + (2,)", "[1] + (2,)", "'ab' * 3", "3 * 'ab'", "[0] * 3", "'a' * -1", "'a' - 'b'",
    "x + 1", "x.y", "x['y']", "x()", "x is defined", "x", "-x", "x|length", "x|list", "x ~ 'a'", "x|upper", "x|default('d')", "x|join", "x|first", "x|tojson", "x|int", "x|trim", "x|items|list",
    "true + true", "-true", "+true", "true * 3", "[1, 2][0]", "[1, 2][-1]", "[1, 2][5]", "[1, 2][5].y", "l['a']", "l[true]", "l[1.0]", "l.0", "d.b", "d['b']", "d.a.x[1]", "d.zz", "d['zz']", "d['items']", "d.a['x'][-1]",
    "d.items()|list", "d.keys()|list", "d.values()|list", "d.get('b')", "d.get('q')", "d.get('q', 4)", "d.get('b', default=3)", "d.keys()", "d.values()", "d.pop('b')", "d.pop is defined", "l.append(1)", "d.update", "l.index(1)", "l.count(1)", "l.index(9)", "d|length", "d.copy() == d",
    "s[0]", "s[-1]", "s[99]", "s[1:4]", "s[:-1]", "s[::2]", "s[::-1]", "s[5:1]", "s[-3:]", "s[:99]", "s[::0]", "u[0:5]", "u[::-1]", "u[-2:]", "u[6]", "u|length", "l[1:]", "l[::-1]", "(1, 2, 3)[1:]", "range(5)[1:3]", "n[1:]", "s['a':]", "s[none:2]", "d[1:2]",
    "'a\\nb\\t\\\\ \\' \\\" \\x41 \\u00e9 \\U0001F600 \\101 \\d'", "'a' 'b' \"c\"", "'{{ x }}'", "'%}'", "'é漢'", "'\\x4'",
    "(1, 2)", "(1,)", "()", "[]", "{}", "{'a': 1, 'b': [none, true, 1.5, 'x']}", "{1: 2, 1.0: 3, true: 4}", "{'a': 1,}", "[1,]", "{l: 1}", "{(1, 2): 3}[(1, 2)]", "q", "[q]", "['\\'']", "['\\x00\\x7f\\u200b\\u00e9\\u00a0']", "[u]", "1, 2",
    "1 if t else 2", "1 if z else 2", "1 if z", "(1 if z) is defined", "1 if z else 2 if z else 3", "1 if t if z else 4", "'a' if x is defined else 'b'",
    "s.upper()", "s.lower()", "s.title()", "'hELLO wORLD'.capitalize()", "s.swapcase()", "w.strip()", "w.lstrip()", "w.rstrip()", "'xxaxx'.strip('x')", "'xyaxy'.strip('yx')", "'\\u3000a\\u2003'.strip()",
    "w.split()", "w.split(' ')", "'a,b,,c'.split(',')", "'a,b,c'.split(',', 1)", "'a,b,c'.rsplit(',', 1)", "'a b  c '.split(none, 1)", "' a b  c '.rsplit(none, 1)", "'a'.split('')", "''.split()", "''.split(',')", "'a\\nb\\r\\nc\\x0bd'.splitlines()", "'a\\n\\nb\\n'.splitlines(true)",
    "s.startswith('He')", "s.startswith(('x', 'H'))", "s.endswith('ld')", "s.startswith('l', 2)", "s.endswith('', 50)", "s.startswith(1)", "s.find('o')", "s.find('o', 5)", "s.rfind('o')", "s.find('zz')", "s.index('zz')", "u.find('字')", "u.find('😀', -5)", "s.count('l')", "'aaaa'.count('aa')", "s.count('')", "s.find('')", "''.find('', 1)",
    "s.replace('l', 'L')", "s.replace('l', 'L', 1)", "s.replace('', '-')", "u.replace('', '.')", "s.replace('l', '', 2)", "s.replace('', '-', 3)", "s.replace(1, 2)", "','.join(ls)", "','.join(l)", "','.join('abc')", "'-'.join(d)", "'a-b-c'.partition('-')", "'a-b-c'.rpartition('-')", "'abc'.partition('x')", "'abc'.rpartition('x')",
    "'abc'.removeprefix('a')", "'abc'.removesuffix('bc')", "'abc'.removeprefix('x')", "'7'.zfill(3)", "'-7'.zfill(4)", "'a'.ljust(3) ~ '|'", "'a'.rjust(3)", "'a'.center(4)", "'ab'.center(5, '*')", "'{} {}'.format(1, 'a')", "'{0}{1}{0}'.format(1, 2)", "'{a}{{}}'.format(a=1)", "'{}'.format()",
    "'abc'.isalpha()", "'a1'.isalnum()", "'12'.isdigit()", "' '.isspace()", "''.isspace()", "'A'.isupper()", "'aB'.islower()", "'Ab Cd'.istitle()", "'12'.isnumeric()", "'12'.isdecimal()", "'é'.isalpha()", "'é'.isascii()", "s.nothing", "s.nothing()", "s.__class__", "d.__class__", 
    "s|upper", "5|upper", "none|upper", "s|lower", "'hello wORLD-foo (bar) [baz'|title", "'fOO bar'|capitalize", "w|trim", "'xax'|trim('x')", "5|trim", "s|replace('l', 'L')", "s|replace('l', 'L', 1)", "123|replace(2, 'x')", "s|length", "l|count", "n|length", "none|length",
    "x|default", "x|d('a')", "''|default('a')", "''|default('a', true)", "''|default('a', boolean=true)", "none|default('a')", "l|join", "l|join(', ')", "ls|join('-')|upper", "p|join(',', attribute='n')", "p|map(attribute='n')|join(',')", "s|join('.')", "n|join", "d|join(',')",
    "l|first", "l|last", "el|first", "el|last", "s|first", "s|last", "d|first", "d|last", "s|list", "d|list", "n|list", "l|sort", "ls|sort", "ls|sort(case_sensitive=true)", "ls|sort(reverse=true)", "p|sort(attribute='v')|map(attribute='n')|list", "p|sort(attribute='n,v')|map(attribute='v')|list", "[1, 'a']|sort", "ls|unique|list", "['a', 'A', 'b']|unique|list", "[1, 1.0, true]|unique|list", "[l]|unique|list",
    "l|reverse|list", "s|reverse", "u|reverse", "l|min", "l|max", "ls|min", "ls|max", "el|min", "l|sum", "p|sum(attribute='v')", "l|sum(start=10)", "[1.5, 2]|sum", "['a']|sum", "[l, l]|sum(start=[])", "d|dictsort", "d|dictsort(reverse=true)", "{'b': 1, 'A': 2}|dictsort", "{'b': 1, 'A': 2}|dictsort(true)", "{'b': 1, 'A': 2}|dictsort(by='value')",
    "l|map('string')|list", "ls|map('upper')|list", "ls|map('replace', 'a', 'X')|list", "p|map(attribute='t')|list", "p|map(attribute='t', default='?')|list", "p|map(attribute='v')|sum", "l|select('odd')|list", "l|select|list", "[0, 1, '', 'a']|select|list", "l|reject('equalto', 2)|list", "l|select('in', [1, 2])|list", "l|select('gt', 1)|list", "p|selectattr('t')|map(attribute='n')|list", "p|selectattr('v', 'equalto', 2)|map(attribute='n')|list", "p|rejectattr('t')|map(attribute='n')|list", "p|selectattr('t', 'defined')|map(attribute='n')|list", "p|selectattr('v', '>', 1)|list|length", "l|select('odd')|length", "(el|select) is true", "1 if el|select('odd') else 2", "l|map|list", "l|map('nosuch')|list", "l|select('nosuch')|list",
    "l|batch(2)|list", "l|batch(2, 0)|list", "l|batch(5)|list", "n|string", "l|string", "'5'|int", "'5.7'|int", "' 12 '|int", "'abc'|int", "'abc'|int(3)", "'0x1f'|int(base=16)", "'ff'|int(0, 16)", "2.9|int", "-2.9|int", "none|int", "true|int", "'1_0'|int", "'5.5'|float", "'abc'|float", "'abc'|float(1.0)", "'1e3'|float", "'inf'|float", "'-inf'|float", "'nan'|float", "5|float", "none|float", "-5|abs", "-2.5|abs", "'a'|abs", "2.5|round", "3.5|round", "2.345|round(2)", "2.675|round(2)", "7|round", "2.1|round(0, 'ceil')", "2.9|round(method='floor')", "2.5|round|int",
    "d|items|list", "x|items|list", "d|tojson", "d|tojson(indent=2)", "l|tojson", "u|tojson", "u|tojson(ensure_ascii=true)", "q|tojson", "[]|tojson(indent=2)", "{'a': []}|tojson(indent=4)", "{'b': 1, 'a': 2}|tojson(sort_keys=true)", "[1, 2]|tojson(separators=(',', ':'))", "{'a': [1]}|tojson(indent=2, separators=(',', ':'))", "(1, 2)|tojson", "{1: 2, none: 3, true: 4, 1.5: 5}|tojson", "1.0|tojson", "1e100|tojson", "'inf'|float|tojson", "range(3)|tojson", "l|map('string')|tojson", "'\\x00\\x1f\\x7f\\u2028/'|tojson", "[1]|tojson(indent='\\t')", "{(1, 2): 1}|tojson",
    "'a\\nb\\n\\nc'|indent", "'a\\nb'|indent(2, true)", "'a\\n\\nb'|indent(2, blank=true)", "'a\\nb'|indent('> ')", "'a\\nb\\n'|indent(1)", "5|indent", "'<a href=\"x\">\\'&'|escape", "'<'|e", "'<'|safe", "'a'|center(5) ~ '|'", "'%s is %d'|format('a', 5)", "'%(a)s'|format(a=1)", "'%5.2f|%-5s|%05d|%x|%%'|format(3.14159, 'a', 42, 255)", "'%s' % 'a'", "'%s-%s' % (1, 2)", "'%s' % l", "'%s'|format()", "'a' % 1", "'a b_c d'|wordcount",
    "d|attr('items') is defined", "d|attr('b') is defined", "n is number", "f is number", "t is number", "s is number", "n is integer", "t is integer", "f is float", "t is boolean", "n is boolean", "s is string", "l is string", "d is mapping", "l is mapping", "l is sequence", "s is sequence", "d is sequence", "n is sequence", "x is sequence", "x is iterable", "n is iterable", "l is iterable", "none is none", "x is none", "t is true", "1 is true", "t is false", "false is false", "n is odd", "n is even", "n is divisibleby 7", "n is divisibleby(2)", "f is odd", "s is odd", "n is eq 7", "n is equalto(7)", "n is ne 7", "n is gt 3", "n is lt 3", "n is ge 7", "n is le 6", "n is sameas 7", "1 is sameas true", "n is in [7]", "n is not in [7]", "'a' is in 'abc'", "n is not none", "not n is none", "'A' is upper", "'a' is lower", "'' is lower", "range is callable", "s is callable", "'upper' is filter", "'odd' is test", "x is undefined", "x is not defined", "x.y is defined", "d.zz is defined", "d.zz.y is defined", "range(3) is sequence", "(l|map('string')) is sequence", "d.items() is sequence", "n is nosuch", "n|nosuch", "n is defined and n > 3",
    "range(3)", "range(1, 4)|list", "range(5, 0, -2)|list", "range(0)|list", "range(1000000)", "range('a')", "range(1, 5, 0)", "range(3)|length", "2 in range(3)", "dict(a=1, b=2)", "dict({'a': 1}, b=2)", "dict([('a', 1)])", "namespace(a=1).a", "namespace().b is defined", "namespace(_a=1)", "raise_exception('no')", "raise_exception()", "strftime_now('100%%')", "messages", "bos_token ~ eos_token", "tools is none", "documents",
    "l|first + l|last", "-l|first", "-1|abs", "(-1)|abs", "2 + 3|string", "(2 + 3)|string + 'a'", "'a' ~ 1 + 2", "1 + 2 ~ 'a'", "not n == 7", "l|length > 2 and s", "'a' is string and 'b'", "n is number + 1", "[1, 2, 3]|sum is eq 6", "s.split(', ')[1].upper()", "(s|lower).split('o')|length", "('a', 'b')|join", "{'a': 1}.a", "{'a': [1, {'b': 2}]}.a[1].b", "[[1, 2], [3]]|map('length')|list", "[[1, 2], [3]]|map('first')|list", "[[3, 1], [2]]|map('sort')|map('join', '-')|join('|')",
    "1 +", "(1", "1)", "[1", "{'a'}", "a b", "'abc", "1 2", "!", "a..b", "a.", "a[", "|upper", "s|", "n is", "f(", "f(a=)", "f(a=1, 2)", "f(*l)", "f(**d)", "range(*[1, 3])|list", "dict(**{'a': 1})", "@", "$x", "`", "x ? y", "1 = 2", "a := 1", "lambda x: x", "\\", "a && b", "", "  ",
) + case(
    "", "plain", "a\n", "a\n\n", "a\r\nb\rc\n", "{", "{a}", "}}", "%}", "{{", "{%", "{{ }", "{{ 1 }", "{% if %}", "{% if 1 %}", "{% endif %}", "{% nosuch %}", "{# c #}", "{# c", "a{# c #}b", "a\n{# c #}\nb", "a\n  {# c #}  \nb", "a {#- c -#} b", "a\n{#+ c +#}\nb",
    "a\n{% if 1 %}\nb\n{% endif %}\nc", "a\n  {% if 1 %}  \nb\n  {% endif %}  \nc", "a\n  {%+ if 1 %}\nb\n  {%+ endif +%}\nc", "a\n  {%- if 1 -%}\n b \n  {%- endif -%}\n c", "a {{- 1 -}} b", "a\n{{ 1 }}\nb", "  {{ 1 }}  \n", "a {{+ 1 }} b", "a\n\n{%- set x = 1 %}\n\nb", "x{% if 1 %}\n{% endif %}y", "{% if 1 %}a{% endif %}\n{% if 1 %}b{% endif %}\n", "\t{% if 1 %}a{% endif %}\t{% if 1 %}b{% endif %}\n", "{{ 1 }}  {% if 1 %}b{% endif %}", "a\u00a0{%- if 1 -%}\u2003b{% endif %}",
    "{{ '}}' }}", "{{ {'a': {'b': 1}} }}", "{{{'a': 1}}}", "{{ {'a': {}}}}", "{{-1}}", "{{- -1}}", "{{1-}}", "{% raw %}{{ x }}{% endraw %}", "{% raw %}\n{{ x }}\n{% endraw %}\na", " {%- raw -%} {% if %} {%- endraw -%} a", "{% raw %}a{% endraw", "{%raw%}{% endraw x %}{%endraw%}",
    "{% set a = 1 %}{{ a }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = (1, 2) %}{{ b }}", "{% set a, b = [1] %}", "{% set a, b = 'xy' %}{{ b }}{{ a }}", "{% set a, (b, c) = 1, (2, 3) %}{{ c }}", "{% set a = 1, 2 %}{{ a }}", "{% set a %}x{{ 1 }}y{% endset %}{{ a }}", "{% set a | upper %}x{% endset %}{{ a }}", "{% set a | replace('x', 'y') | upper %}x{% endset %}{{ a }}", "{% set 1 = 2 %}", "{% set a.b = 2 %}", "{% set none = 2 %}", "{% set a = %}", "{% set %}", "{% set a b = 1 %}",
    "{% set ns = namespace(a=1, b=2) %}{% set ns.a = 5 %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}", "{% set ns = namespace() %}{% for i in l %}{% set ns.x = i %}{% endfor %}{{ ns.x }}", "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a + ns.b }}", "{% set d.b = 2 %}", "{% set ns = namespace({'a': 1}) %}{{ ns.a }}", "{% set ns = namespace() %}{% set ns._a = 1 %}", "{% set ns = namespace() %}{{ ns.zz }}|{{ ns.zz is defined }}", "{% set ns = namespace() %}{% set ns.f = ns %}{{ ns.f.f is defined }}",
    "{% for i in l %}{{ i }},{% endfor %}", "{% for i in el %}{{ i }}{% else %}none{% endfor %}", "{% for i in x %}{{ i }}{% else %}none{% endfor %}", "{% for i in n %}{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for c in u %}[{{ c }}]{% endfor %}", "{% for i in l if i > 1 %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}", "{% for i in l if i > 5 %}{{ i }}{% else %}none{% endfor %}", "{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}",
    "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}|{% endfor %}", "{% for i in l %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}", "{% for i in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}", "{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}", "{% for i in l %}{{ loop.nosuch }}{% endfor %}", "{% for i in l %}{% for j in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}", "{% for i in l %}{% set outer = loop %}{% for j in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}", "{% for i in l %}{{ loop.length }}{% if loop.first %}F{% endif %}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% break %}", "{% continue %}", "{% for i in l %}{% for j in l %}{% if j == 1 %}{% break %}{% endif %}{{ j }}{% endfor %};{% endfor %}", "{% for i in l %}{% break %}{% else %}e{% endfor %}", "{% for i in l %}{% else %}{% break %}{% endfor %}", "{% for i in l %}{% continue %}{% else %}e{% endfor %}",
    "{% set a = 1 %}{% for i in l %}{{ a }}{% set a = i %}{{ a }}{% endfor %}{{ a }}", "{% for i in l %}{% if i == 3 %}{% set b = 1 %}{% endif %}{{ b }}|{% endfor %}{{ b }}", "{% set i = 9 %}{% for i in l %}{{ i }}{% endfor %}{{ i }}", "{% if t %}{% set a = 5 %}{% endif %}{{ a }}", "{% set n = n + 1 %}{{ n }}", "{% for i in range(3) %}{% set n = n + i %}{{ n }} {% endfor %}{{ n }}", "{% for n in [n, n] %}{{ n }}{% endfor %}", "{% set ns = namespace(s='') %}{% for i in l if ns.s|length < 2 %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.s }}", "{% set ns = namespace(s='') %}{% for i in l if ns.s|length < 2 %}{% if loop.last %}L{% endif %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.s }}", "{% for i in l recursive %}{% endfor x %}", "{% for i in %}{% endfor %}", "{% for in l %}{% endfor %}", "{% for i l %}{% endfor %}", "{% for 1 in l %}{% endfor %}", "{% for i in l %}", "{% for i in 1, 2 %}{{ i }}{% endfor %}", "{% for i in l | sort %}{{ i }}{% endfor %}", "{% for i in (l if t else el) %}{{ i }}{% endfor %}", "{% for i in l: %}{{ i }}{% endfor %}",
    "{% if t %}a{% elif n %}b{% else %}c{% endif %}", "{% if z %}a{% elif n %}b{% else %}c{% endif %}", "{% if z %}a{% elif z %}b{% else %}c{% endif %}", "{% if z %}a{% endif %}", "{% if x %}a{% else %}b{% endif %}", "{% if x.y %}a{% endif %}", "{% if not x %}a{% endif %}", "{% if 1 %}{% else %}{% else %}{% endif %}", "{% if 1 %}{% endfor %}", "{% if z %}{{ 1|nosuch }}{% endif %}ok", "{% if z %}{{ 1 is nosuch }}{% endif %}ok", "{% if 1 %}{{ 1|nosuch }}{% endif %}", "{% for i in el %}{{ 1|nosuch }}{% endfor %}", "{% if l %}a{% endif %}{% if el %}b{% endif %}{% if e %}c{% endif %}{% if ' ' %}d{% endif %}{% if 0.0 %}e{% endif %}{% if ed %}f{% endif %}",
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=4, a=5) }}{{ m() }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(c=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, c=3) }}", "{% macro m(a) %}[{{ a }}{{ caller() }}]{% endmacro %}{% call m(1) %}body{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}", "{% macro m() %}{{ caller }}{% endmacro %}{{ m() }}", "{% macro f(n) %}{% if n > 1 %}{{ n * f(n - 1)|int }}{% else %}1{% endif %}{% endmacro %}{{ f(10) }}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro m() %}{{ y }}{% endmacro %}{% set y = 5 %}{{ m() }}", "{% macro m() %}{% set q = 1 %}{{ q }}{% endmacro %}{{ m() }}{{ q }}", "{% macro m() %}{{ i }}{% endmacro %}{% for i in l %}{{ m() }}{% endfor %}", "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m(a, b=1, c) %}{% endmacro %}", "{% macro %}{% endmacro %}", "{{ m() }}{% macro m() %}{% endmacro %}", "{% macro m(x) %}  {{ x }}\n{% endmacro %}\n{{ m(1)|trim }}", "{% macro m() %}{% break %}{% endmacro %}{% for i in l %}{{ m() }}{% endfor %}", "{% call 1 %}{% endcall %}", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(x) }}{{ m(none) }}",
    "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aaa{% endfilter %}", "{% filter nosuch %}{% endfilter %}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", "{% with n = 1 %}{% with m = n + 1 %}{{ m }}{% endwith %}{% endwith %}", "{% with a, b = 1, 2 %}{% endwith %}", "{% print 1, 2 %}", "{% generation %}a{{ s }}{% set g = 1 %}{% endgeneration %}{{ g }}", "{%- generation -%}\n a \n{%- endgeneration -%}\n b", "{% include 'a' %}", "{% do 1 %}", "{% set a %}{% set b = 1 %}{% endset %}{{ b }}", "{% for i in l %}{% set a %}{{ i }}{% endset %}{{ a }}{% endfor %}{{ a }}",
    "{% set x = {'role': 'user', 'content': s} %}{{ x.role ~ x['content'] }}", "{{ raise_exception('a' ~ s) }}", "{% if not (d is mapping) %}{{ raise_exception('x') }}{% endif %}ok", "{% set it = l|select('odd') %}{{ it|list }}{{ it|list }}", "{% set it = l|map('string') %}{% for i in it %}{{ i }}{% endfor %}{% for i in it %}{{ i }}{% endfor %}", "{{ l|map('string')|first }}", "{{ (l|map('string'))[0] is defined }}", "{{ l|reverse|first }}", "{% for x in d|dictsort %}{{ x[0] }}{{ x.1 }}{% endfor %}", "{% for k, v in d|items %}{{ loop.index }}{{ loop.last }}{{ loop.length }}{{ k }}{% endfor %}",
)

ATOMS = ["n", "z", "m", "f", "t", "no", "x", "s", "u", "e", "w", "l", "ls", "el", "d", "ed", "1", "2", "-1", "0", "1.5", "'a'", "'l'", "''", "none", "true", "[1, 'a']", "(1, 2)", "{'b': 2}", "'b'", "p"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
FILTERS = ["upper", "lower", "trim", "length", "first", "last", "list", "string", "int", "float", "abs", "join(',')", "default('D')", "default('D', true)", "tojson",
           "sort", "unique|list", "reverse|list", "map('string')|list", "select|list", "reject|list", "title", "capitalize", "replace('a', 'b')", "items|list", "sum", "min", "max", "round", "dictsort", "indent", "batch(2)|list", "map('upper')|join", "select('string')|list", "map(attribute='n')|list", "selectattr('v')|list|length", "tojson(indent=1)"]
TESTS = ["defined", "undefined", "none", "string", "mapping", "sequence", "iterable", "number", "integer", "float", "boolean", "true", "false", "odd", "even", "eq(1)", "in([1, 'a'])", "divisibleby(2)", "lower", "upper", "lt(2)"]
POSTFIX = ["[0]", "[-1]", "['b']", ".b", ".strip()", ".split()", ".split('l')", ".upper()", ".items()|list", ".get('b')", ".startswith('a')", ".a.x", ".replace('l', '')", ".title()"]


SLICES = ["[1:]", "[:1]", "[::-1]", "[::2]", "[-2:]", "[:-1]"]  # of names: of constants jinja2 does at compile time, by other rules
NAMES = [atom for atom in ATOMS if atom.isalpha() and atom not in ("none", "true")]


def expression(rng, depth):
    if depth == 0:
        return rng.choice(ATOMS)
    inner = lambda: expression(rng, rng.randrange(depth))  # noqa: E731
    return rng.choice([
        lambda: f"{inner()} {rng.choice(BINARY)} {inner()}",
        lambda: f"({inner()}) {rng.choice(BINARY)} ({inner()})",
        lambda: f"({inner()})|{rng.choice(FILTERS)}",
        lambda: f"{inner()}|{rng.choice(FILTERS)}",
        lambda: f"{inner()} is {rng.choice(['', 'not '])}{rng.choice(TESTS)}",
        lambda: f"({inner()}){rng.choice(POSTFIX)}",
        lambda: f"{rng.choice(NAMES)}{rng.choice(POSTFIX + SLICES)}",
        lambda: f"{inner()} if {inner()} else {inner()}",
        lambda: f"not {inner()}",
        lambda: f"-{inner()}",
        lambda: f"[{inner()}, {inner()}]",
    ])()


TEXT = ["a", " ", "\n", "\n\n", "  \n  ", "\t", "b c", "\r\n", "{", "}", "x\n"]


def block(rng, depth):
    out = ""
    for _ in range(rng.randint(1, 4)):
        left, right = rng.choice(["", "", "-", "+"]), rng.choice(["", "", "-", "+"])
        tag = lambda code: "{%" + rng.choice(["", "", "-", "+"]) + " " + code + " " + rng.choice(["", "", "-", "+"]) + "%}"  # noqa: E731
        out += rng.choice(TEXT)
        choice = rng.randrange(9 if depth > 0 else 4)
        if choice == 0:
            out += "{{" + left + " " + expression(rng, 1) + " " + right.replace("+", "") + "}}"
        elif choice == 1:
            out += "{#" + left + " c " + right + "#}"
        elif choice == 2:
            out += tag("set v = " + expression(rng, 1))
        elif choice == 3:
            out += "{{ v }}"
        elif choice == 4:
            out += tag("if " + expression(rng, 1)) + block(rng, depth - 1) + tag("else") + block(rng, depth - 1) + tag("endif")
        elif choice == 5:
            out += tag("for i in " + rng.choice(["l", "ls", "el", "d", "range(3)", "l if i > 1", "s"])) + "{{ loop.index }}{{ i }}" + block(rng, depth - 1) + tag("endfor")
        elif choice == 6:
            out += tag("set v") + block(rng, depth - 1) + tag("endset")
        elif choice == 7:
            out += tag("filter " + rng.choice(["upper", "trim", "replace('a', 'b')"])) + block(rng, depth - 1) + tag("endfilter")
        else:
            out += tag("macro mm(a)") + "{{ a }}" + block(rng, depth - 1) + tag("endmacro") + "{{ mm(1) }}"
    return out + rng.choice(TEXT)


def generated_snippets(rng, count):
    return [("{{ " + expression(rng, rng.randint(1, 3)) + " }}" if i % 2 else block(rng, 2), VARIABLES) for i in range(count)]
