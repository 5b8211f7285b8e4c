"""English words that fill questions, and so are no names."""

from __future__ import annotations

from typing import Final

__all__ = ["COMMON", "FUNCTION"]

_COMMON: Final = """
able about above across after again against ages also always among animal another answer anybody anyone
anything around asked away back because been before began behind being below beside best better between
black blue born both bottom bring brown called came cannot care carry chair city close clothes coat
collar color colour come couch could country cup daily dark date days describe detail differ different
does doing done door down drink drinks during each early eating eats either else even ever every exactly
eyes face family favorite favourite feel feet felt find fine first floor follow food foot form found four
friend friends from full garden gave gets give given gives goes going gone good great green grey ground
group grow hair half hand hands hang hanging hangs happen happens hard have having head hear help here
hers high hold holding holds home hour house hows image images inside into item items just keep kept kind
kitchen knew know known large last late later leave left less life light like liked likes line little
live lived lives long look looked looking looks loud love loved loves made main make makes many mark
matter maybe mean means meet might mind mine month more morning most mother mouth move much must myself
name named names near need needs never next nice night nobody none noon note nothing notice number object
often older once only open orange other others ours over owner paint part parts people person photo
photos pick picture pictures piece pink place places play played playing plays please point purple quite
rather read really right road rock room round said same sand saying says scene school seat seem seems
seen several shape share shirt shoe shoes short should show showing shown shows side sign sits sitting
size sleep sleeping sleeps small soft some somebody someone something soon sort stand standing stands
star start still stop story street such sure table take taken takes tall tell tells than thank thanks
that their theirs them then there these they thing things think this those three through time times today
told tomorrow took town toys tree tried trip true turn under until upon used uses using usually very view
visible wait walk walking walks wall want wanted wants water wear wearing wears week weekend well went
were what whats when where wheres which while white whom whose wide will window wish with within without
word work works world would write wrong year years yellow yesterday young your yours yourself
"""

_FUNCTION: Final = """
a am an and any are as at be but by can did do does for from had has have he her here him his how i if in
is it may me might must my no not of on or our she so than that the them then there they this to us was
we were what when where which who whose why will with would you your
"""

COMMON: Final = frozenset(_COMMON.split())
"""Words of at least four letters; none of them is taken for a misspelt name."""

FUNCTION: Final = frozenset(_FUNCTION.split())
"""A name among these is found only with its own capitals: "Will", but not in "What will he eat?"."""
