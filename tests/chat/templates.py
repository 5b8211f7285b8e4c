"""Chat templates as models of this year have them: with tools in Hermes' way, and as bare JSON."""

from __future__ import annotations

HERMES = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{% for c in messages[0].content %}{{ c.text }}{% endfor %}

{% endif %}# Tools
{% for tool in tools %}
{{ tool | tojson }}
{%- endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}
{%- if not (tools and loop.first and m.role == 'system') %}<|im_start|>{{ m.role }}
{% for c in m.content %}{{ c.text }}{% endfor %}
{%- for call in m.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

BARE = """\
{%- for m in messages %}<|im_start|>{{ m.role }}
{% if loop.first and tools %}{% for tool in tools %}{{ tool | tojson }}
{% endfor %}{% endif %}
{%- for c in m.content %}{{ c.text }}{% endfor %}
{%- for call in m.tool_calls or [] -%}
{"name": "{{ call.function.name }}", "parameters": {{ call.function.arguments | tojson }}}
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

STRINGS = """\
{%- for m in messages %}<|im_start|>{{ m.role }}
{{ '' + m.content }}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

FORGETFUL = """\
{%- for m in messages if m.role == 'user' %}<|im_start|>user
{% for c in m.content %}{{ c.text }}{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
