"""The words of common wishes in English and Spanish, and the words that no wish may contain."""

import re
from dataclasses import dataclass
from typing import Literal

NUMBER = r"(\d+(?:\.\d+)?)"

# Words that change or turn a meaning in ways a grammar cannot follow, or that speak to a machine.
_DANGER = (
    r"if|unless|except|but|maybe|perhaps|instead|cancel\w*|postpone\w*|called off|remove|delete|withdraw|lift|"
    r"ignore|disregard|forget|override|bypass|system|prompt|"
    r"instructions?|admin|password|execute|publish|mqtt|json|tool|function|guard|"
    r"si|salvo|excepto|pero|quizas?|tal vez|cancela\w*|anula\w*|aplaza\w*|quit[ae]\w*|elimin[ae]\w*|borr[ae]\w*|"
    r"retira\w*|ignora\w*|olvida\w*|sistema|instruccion\w*|contrasena|"
    r"ejecuta\w*|publica\w*|sino|en vez"
)
_PAST = (
    r"yesterday|last (?:night|week|month|weekend|\w+day)|ago|had|were|was|came|did|used to|went|"
    r"ayer|anoche|anteayer|pasad[oa]s?|vinieron|tuvimos|habia|hubo|estuvimos|estaba|estaban|fue|fueron|fuimos|hace"
)
_NEGATION = (
    r"no|not|don't|dont|doesn't|isn't|aren't|won't|never|nobody|without|cannot|can't|none|"
    r"tampoco|nunca|sin|ningun\w*|nadie|ya no|no longer"
)
_QUESTION = (
    r"^(?:why|what|when|how|who|which|should|can|could|will|is|are|do you|does|"
    r"por que|que(?! (?:el|la|no) )|cuando|cuanto|como|puedo|debo|deberia|cual)\b"
)
_READY_BY = r"\bby\b|\bpara (?:(?:el |la )?\w+ a )?las? \d|\bantes del?\b"

# Words beside a wish that turn it into another one, for which there is no constraint.
_PARTNER = r"wife|husband|partner|kids?|children|sons?|daughters?|mujer|esposa|marido|pareja|hij[oa]s?|nin[oa]s?"
_TURNED: dict[str, tuple[str, str]] = {
    "reserve": (
        (
            r"at most|more than|max(?:imum)?|under|below|less than|lower than|limit\w*|cap(?:ped)?|up to|"
            r"only(?: to)? +[|]|"
            r"maxim[oa]|como mucho|limit[ae]\w*|menos del?|mas del?|por debajo|solo(?: al?| el)? +[|]"
        ),
        "sets an upper limit, and a note can only keep a charge from falling: say the least that shall be kept",
    ),
    "guests": (
        (
            r"leav\w+|depart\w*|go(?:ing|es)? (?:home|out|away)|"
            r"(?:been|are|am|'re|'m) (?:\w+ )?invited|invit\w+ (?:us|me)|"
            r"(?:we|i)(?:'re| are| am|'m) +[|]|less|fewer|gone|left|van|marchan|nos invitan|"
            r"(?:estamos|estoy) +[|]|salimos|menos"
        ),
        "says that guests go, are fewer, or are somewhere else: only guests who come here count",
    ),
    "extra_load": (r"less|fewer|lower|menos", "asks for less than usual: a note can only add a load"),
    "away": (
        rf"(?:my|our|the|mis?|nuestr[oa]s?|el|la|los|las) (?:{_PARTNER})(?:'s| is| are| will be| esta\w*)? +[|]",
        "is away, and others are not: a note can only say that nobody is home",
    ),
    "car_ready": (
        r"has (?:only |still |got |already )*[| ]+left|already|more than|quedan?|ya tiene",
        "says what the car has: say what it needs and by when, such as 'car needs 40 km by 7:00'",
    ),
}

# Whose battery it is not; only guests may be such people.
_ELSEWHERE = (
    r"neighbou?rs?|(?:my|his|her|their|our) (?:sister|brother|mother|father|parents?|son|daughter|friend)|"
    r"vecin[oa]s?|(?:mis?|sus?|nuestr[oa]s?) (?:herman[oa]s?|madre|padres?|hij[oa]s?|amig[oa]s?)|"
    r"phone|mobile|laptop|tablet|e-?bike|scooter|movil|telefono|portatil|bici(?:cleta)?|patinete|moto"
)

_SPANISH = (
    r"\b(de|a|esta|noche|manana|tarde|vienen|invitados?|visitas?|guarda|reserva|manten\w*|deja|el|la|los|las|del|hasta|"
    r"para|coche|auto|carg\w+ de|red|vender|exportar|estamos|estaremos|vamos|fuera|viaje|hoy|mitad|corte|apagon|"
    r"bateria)\b"
)
_ENGLISH = (
    r"\b(the|tonight|tomorrow|keep|guests?|until|by|for|from|grid|car|away|on|at|is|are|we|no one|do|not|battery|"
    r"sell)\b"
)

# Words that may stand beside a wish without changing it.
_FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a an the of in on at to for from by with and be is are will shall we i us our my your it this that there "
        "please want have has must should needs need coming come comes over visiting visit arrive arriving stay some "
        "charged charge full enough ready least kwh battery house home power energy night dinner lunch expected "
        "expecting expect minimum min going planned outage storm blackout cut grid keep hold reserve save leave half "
        "percent all about un una el la los las lo de del en al por para con y e que se nos mi mis tu su hay habra "
        "tenemos tendremos viene vienen vendran venir llegan cena cenar comer comida casa bateria luz corte tormenta "
        "apagon debe tiene tener necesita necesito necesitamos quiero queremos favor esta este estar listo lista "
        "cargado cargada minimo menos mitad reserva guarda deja manten energia autonomia range drive km left until "
        "till hasta durante desde or so because porque s ll re m t ",
    )
)

_NO = r"(?:do not|don't|dont|never|not|no|nada de|sin|avoid|stop|without|nunca|evita|evitar|prohibido)"
_GRID = r"(?:(?:from|off|using|with|de|desde|con|por) )?(?:the |la )?(?:grid|mains|red(?: electrica)?)"
_BATTERY = r"(?:(?:the|la|my|mi|our|nuestra) )?(?:home |house )?(?:battery|bateria)"

_NO_GRID_CHARGE = (
    rf"\b{_NO} (?:\w+ )?(?:charg\w+|carg\w+|recarg\w+|top\w* up)(?: {_BATTERY})? {_GRID}\b"
    rf"|\b{_NO} (?:the )?grid charging\b"
    rf"|\b(?:only|solo) (?:charge|carga\w*)(?: {_BATTERY})? (?:from|with|con) (?:the |el )?(?:sun|solar|sol)\b"
    rf"|\b(?:charge|carga\w*)(?: {_BATTERY})? (?:only|solo) (?:from|with|con) (?:the |el )?(?:sun|solar|sol)\b"
    rf"|\b{_NO} (?:buy\w*|compr\w+)(?: \w+)?(?: for| para)? {_BATTERY}(?: {_GRID})?\b"
)
_NO_EXPORT = (
    rf"\b{_NO} (?:\w+ )?(?:export\w*|sell\w*|vend\w+|viert\w+|vert\w+|inyect\w+|discharg\w+ (?:in)?to|"
    r"feed\w*(?: in)?)(?: (?:anything|energy|power|nada|energia|excedentes?))?"
    rf"(?: (?:from )?{_BATTERY})?(?: (?:to|into|a|en|back to) {_GRID})?\b"
)
_CAR = (
    r"\b(?:(?:the|my|our|el|mi|nuestro) )?(?:electric )?"
    r"(?:car|ev|tesla|leaf|zoe|coche|auto|carro|vehiculo|vehicle)(?: electrico)?\b"
)
_AWAY = (
    r"\b(?:(?:we|i)(?:'re|'m| are| am| will be|'ll be)? )?(?:going )?(?:away|on (?:holidays?|vacation|a trip)|"
    r"out of town|not (?:at )?home|not be (?:at )?home|travelling|traveling)\b"
    r"|\b(?:nobody|no one|no-one)(?:'s| is| will be)?(?: at)? (?:home|here|in)\b|\bhouse (?:is |will be )?empty\b"
    r"|\b(?:(?:estamos|estaremos|estare|estoy|vamos a estar|nos vamos|me voy|salimos|vamos) )?"
    r"(?:fuera(?: de casa)?|de viaje|de vacaciones|de puente)\b"
    r"|\bno (?:hay|habra) nadie(?: en casa)?\b|\bno (?:estamos|estaremos|estare|vamos a estar)(?: en casa)?\b"
    r"|\bcasa (?:estara )?vacia\b"
)
_GUESTS = (
    r"\b(?:guests?|visitors?|visita?s?|invitados?|friends|amigos|family|familia|party|fiesta|dinner party|"
    r"birthday|cumpleanos|barbecue|barbacoa|gente a cenar|people (?:over|for (?:dinner|lunch)|coming)|"
    r"personas a (?:cenar|comer))\b"
)
_EXTRA = (
    r"\b(?:extra|additional|more|adicional(?:es)?|mas|de mas|sauna|oven|horno|heater|calefactor|estufa|welding|"
    r"soldar|kiln|dryer|secadora|washing machine|lavadora|laundry|air conditioning|"
    r"aire acondicionado|consum\w+|using|use|usaremos|gastar\w*|need)\b"
)
_RESERVE = (
    rf"^(?={NUMBER} ?% (?:by|until|till|para|hasta)\b)|^(?:i|we)(?:'d| would) like (?={NUMBER} ?% (?:by|until)\b)"
    rf"|\bbattery (?:should|must|has to|needs to) be at (?={NUMBER} ?%)"
    rf"|\bbateria al (?={NUMBER} ?% (?:para|hasta|a las|antes)\b)"
    rf"|\b(?:don't|dont|do not|never) let {_BATTERY} (?:go|drop|fall|get) (?:below|under)\b"
    r"|\b(?:not|never) be (?:below|under|less than)\b|\b(?:stay|remain) above\b|\bnunca menos del?\b"
    r"|\bno (?:puede|debe) (?:bajar|caer)(?: por debajo)? del?\b|\bno baj\w+ del?\b|"
    r"\b(?:never |not |don't |do not |(?:que )?no (?:se )?)?(?:go|drop|fall|get|discharge|baj\w+|descarg\w+)"
    r"(?: \w+)? (?:below|under|lower than|de|del|por debajo del?)\b"
    r"|\b(?:keep|hold|reserve|save|leave|maintain|have|store|want|need|guard\w+|reserv\w+|manten\w*|dej\w+|"
    r"conserv\w+|at least|minimum|min|minim[oa]|al menos|como minimo|por lo menos|quiero|ten(?:er)?|half|mitad|"
    r"full|llen[oa]|outage|power cut|blackout|storm|corte|apagon|tormenta|charged|charge|cargad[oa])\b"
)


@dataclass(frozen=True, slots=True)
class _Intent:
    kind: str
    pattern: re.Pattern[str]


# Read in this order; what is read is cut out, so that a ban's "no" is not taken for a denial.
_INTENTS = tuple(
    _Intent(kind, re.compile(pattern))
    for kind, pattern in (
        ("no_grid_charge", _NO_GRID_CHARGE),
        ("no_export", _NO_EXPORT),
        ("car_ready", _CAR),
        ("away", _AWAY),
        ("guests", _GUESTS),
        ("extra_load", _EXTRA),
        ("reserve", _RESERVE),
    )
)


def refusal(plain: str) -> str | None:
    """Why a note cannot be a wish, whatever else it says."""
    if "?" in plain or re.search(_QUESTION, plain):
        return "this is a question: ask it with `advisor chat`"
    if match := re.search(rf"\b(?:{_PAST})\b", plain):
        return f"{match[0]!r} speaks of something past: a note is about what is coming"
    if match := re.search(rf"\b(?:{_DANGER})\b", plain):
        return f"{match[0]!r} cannot be followed safely: say the wish alone, in one sentence"
    return None


def wishes(plain: str) -> tuple[list[str], str]:
    """The wishes in a note, and the text without their words.

    The strongest readings are cut out first; weaker ones count beside them only where they stand alone.
    """
    kinds: list[str] = []
    rest = plain
    for intent in _INTENTS:
        if intent.kind == "extra_load" and _is_a_share(rest):
            continue
        if kinds and intent.kind in {"reserve", "extra_load", "guests"} and not _stands_alone(intent.kind, rest, kinds):
            continue
        found, count = intent.pattern.subn(" | ", rest)
        if count:
            kinds.append(intent.kind)
            rest = found
    return kinds, rest


def _is_a_share(rest: str) -> bool:
    """Whether what is needed is told in % of the battery, not as more load."""
    return re.search(rf"\bneed {NUMBER} ?%(?! (?:more|extra))", rest) is not None


def _stands_alone(kind: str, rest: str, kinds: list[str]) -> bool:
    """Whether a weaker wish is said beside a stronger one, rather than being part of its words."""
    if kind == "reserve":
        return kinds != ["car_ready"] and re.search(rf"{NUMBER} ?%", rest) is not None
    if kind == "guests":
        return bool({"away", "no_grid_charge", "no_export"} & set(kinds))
    return False


def elsewhere(kinds: list[str], plain: str) -> str | None:
    """Words that say whose battery or house a wish is about, if it is not this one."""
    match = re.search(rf"\b(?:{_ELSEWHERE})\b", plain)
    return match[0] if match and "guests" not in kinds else None


def denial(rest: str) -> str | None:
    """A word that denies the wish."""
    match = re.search(rf"\b(?:{_NEGATION})\b", rest)
    return match[0] if match else None


def turned(kind: str, rest: str) -> str | None:
    """Why the words beside a wish make it another one."""
    pattern, why = _TURNED.get(kind, ("", ""))
    match = re.search(rf"\b(?:{pattern})(?!\w)", rest) if pattern else None
    return f"{match[0].strip(' |')!r} {why}" if match else None


def is_ready_by(rest: str) -> bool:
    """Whether something shall be there by a time, rather than until it."""
    return re.search(_READY_BY, rest) is not None


def meal(plain: str) -> Literal["afternoon", "evening", ""]:
    """The part of a day that guests are there for where no time is said; empty where no meal is named."""
    if re.search(r"\b(?:lunch|almuerzo|almorzar|comida|comer)\b", plain):
        return "afternoon"
    return "evening" if re.search(r"\b(?:dinner|supper|cena|cenar)\b", plain) else ""


def strange_words(rest: str) -> list[str]:
    """Words that are no part of any wish known."""
    return [word for word in re.findall(r"[^\W\d_]+", rest) if word not in _FILLERS]


def language_of(plain: str) -> Literal["en", "es"]:
    """English unless more of the words are Spanish."""
    return "es" if len(re.findall(_SPANISH, plain)) > len(re.findall(_ENGLISH, plain)) else "en"
