"""The animation part of a slide with a movie: it plays by itself, again and again."""

from __future__ import annotations

__all__ = ["timing"]

_NAMESPACE = "http://schemas.openxmlformats.org/presentationml/2006/main"


def timing(shape: int, seconds: float) -> str:
    """Return the ``p:timing`` element of a slide on which a movie plays by itself."""
    target = f'<p:tgtEl><p:spTgt spid="{shape}"/></p:tgtEl>'
    slide = "<p:tgtEl><p:sldTgt/></p:tgtEl>"
    lasts = f'"{round(1000 * seconds)}"' if seconds else '"indefinite"'
    at_once = '<p:cond delay="0"/>'
    play = _command("playFrom(0.0)", f'<p:cTn id="6" dur={lasts} fill="hold"/>', target)
    effect = _node(5, f'{_media_call(1)} nodeType="afterEffect"', at_once, play)
    # Begins with the main sequence, which is node 2.
    entry = '<p:cond delay="indefinite"/><p:cond evt="onBegin" delay="0"><p:tn val="2"/></p:cond>'
    main = (
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="2" dur="indefinite" nodeType="mainSeq"><p:childTnLst>'
        + _node(3, 'fill="hold"', entry, _node(4, 'fill="hold"', at_once, effect))
        + "</p:childTnLst></p:cTn>"
        f'<p:prevCondLst><p:cond evt="onPrev" delay="0">{slide}</p:cond></p:prevCondLst>'
        f'<p:nextCondLst><p:cond evt="onNext" delay="0">{slide}</p:cond></p:nextCondLst>'
        "</p:seq>"
    )
    movie = (
        '<p:video><p:cMediaNode vol="80000">'
        '<p:cTn id="7" repeatCount="indefinite" fill="hold" display="0">'
        '<p:stCondLst><p:cond delay="indefinite"/></p:stCondLst></p:cTn>'
        f"{target}</p:cMediaNode></p:video>"
    )
    toggle = _command("togglePause", '<p:cTn id="12" dur="1" fill="hold"/>', target)
    pause = _node(11, f'{_media_call(2)} nodeType="clickEffect"', at_once, toggle)
    clicked = f'<p:cond evt="onClick" delay="0">{target}</p:cond>'
    interactive = (
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="8" restart="whenNotActive" fill="hold" evtFilter="cancelBubble"'
        f' nodeType="interactiveSeq"><p:stCondLst>{clicked}</p:stCondLst>'
        '<p:endSync evt="end" delay="0"><p:rtn val="all"/></p:endSync><p:childTnLst>'
        + _node(9, 'fill="hold"', at_once, _node(10, 'fill="hold"', at_once, pause))
        + f"</p:childTnLst></p:cTn><p:nextCondLst>{clicked}</p:nextCondLst></p:seq>"
    )
    return (
        f'<p:timing xmlns:p="{_NAMESPACE}"><p:tnLst><p:par>'
        '<p:cTn id="1" dur="indefinite" restart="never" nodeType="tmRoot"><p:childTnLst>'
        f"{main}{movie}{interactive}"
        "</p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>"
    )


def _node(number: int, about: str, conditions: str, inner: str) -> str:
    return (
        f'<p:par><p:cTn id="{number}" {about}><p:stCondLst>{conditions}</p:stCondLst>'
        f"<p:childTnLst>{inner}</p:childTnLst></p:cTn></p:par>"
    )


def _media_call(preset: int) -> str:
    return f'presetID="{preset}" presetClass="mediacall" presetSubtype="0" fill="hold"'


def _command(command: str, node: str, target: str) -> str:
    return f'<p:cmd type="call" cmd="{command}"><p:cBhvr>{node}{target}</p:cBhvr></p:cmd>'
