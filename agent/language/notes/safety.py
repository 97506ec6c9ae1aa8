"""What no note may hold, whatever it asks for: rules for the past, denials, conditions and other homes."""

import re

from agent.language.kinds.names import INTO_CAR

# A denial that no word of the text says.
NO_WORD = ""
_NEGATED = (
    r"no|not|don't|dont|doesn't|doesnt|isn't|aren't|won't|wont|never|nobody|without|cannot|can't|none|neither|nor|needn't|mustn't|"
    r"tampoco|nunca|jamas|sin|ningun\w*|nadie|ni|no longer|ya no|rather we didn't"
)
# Words that change or turn a meaning in ways that no rule can follow, or that speak to a machine.
_DANGER = re.compile(
    r"\b(?:if|unless|except|but|maybe|perhaps|possibly|might|may (?:be|come|go|have|need)|assuming|"
    r"provided|providing|suppos\w+|depend\w+|whether|instead|in the event|cancel\w*|postpone\w*|called off|"
    r"(?:is|are|'s) off(?! \w+ing| to| on)|"
    r"decided against|fell through|bailed|remove|delete|withdraw|lift|drop the|skip|"
    r"ignore|disregard|forget(?! to)|override|bypass|system|prompt|instructions?|admin|password|execute|publish|mqtt|"
    r"json|tool|respond\w*|answer|reply|function|guard|when (?:it|there|the (?:price|weather|sun))|"
    r"(?<!por )(?<!ver )(?<!como )si(?! no\b)|salvo|excepto|pero|sino|quizas?|tal vez|a lo mejor|puede que|"
    r"igual (?:vien\w+|nos|hay|va\w*|somos)|"
    r"a no ser|a menos que|siempre que|con tal|segun|depende\w*|supon\w+|cuando (?:haga|llueva|nieve|venga\w*|"
    r"baje|suba|este)|"
    r"plantad[oa]s|se (?:nos )?cayo|"
    r"cancela\w*|anula\w*|aplaza\w*|suspend\w+|quit[ae]\w*|elimin[ae]\w*|borr[ae]\w*|retira\w*|ignora\w*|olvida\w*|sistema|"
    r"instruccion\w*|contrasena|ejecuta\w*|publica\w*|en vez)\b"
    r"|^(?:in case|en caso|should (?:it|they|we|he|she|the|there)|como (?:no|llueva|nieve|venga\w*|haga)\b)"
)
_HARMLESS = re.compile(
    r"\b(?:just in case|por si acaso|por si\b|don't forget to|do not forget to|no (?:te )?olvides (?:de )?|"
    r"whatever|no matter|sin parar|sin falta|no problem|"
    r"as if|como si|a ver si|at all costs|system's)\b"
)
_PAST = re.compile(
    r"\b(?:ago|had|were|was|came|did|used to|went|left (?:on|last)|(?:we|i|it|they|you|battery) (?:kept|held|"
    r"sold|drove|used|ran|stayed)|(?:have|has|ve) been|"
    r"vinieron|tuvimos|habia|hubo|estuvimos|estaba|estaban|fue|fueron|fuimos|sobro|guardabamos|guardamos un|"
    r"tenia\w*|vendimos|"
    r"dejamos la|paso nada|hace (?:\d+|un|una|dos|tres|unos) \w+)\b"
)
_QUESTION = re.compile(
    r"^(?:why|what(?! we| is ours|ever)|when (?:do|will|is|are|should)|how|who(?!ever)|which|should (?:i|we)|"
    r"could we|can (?:i|we) (?!have)|is (?:it|there|that)|"
    r"are (?:you|we|they)|do you|does|did|"
    r"por que|que (?:es|hay|hora|tal|dia|pasa|plan|haras|precio)|cuando (?:es|va|se|sera)|cuanto\w*|como (?:esta|"
    r"va)|puedo|debo|deberia|cual|tiene sentido)\b"
)
_ELSEWHERE = re.compile(
    r"\b(?:(?:the |our |my )?neighbou?r(?:s|'s)?|(?:my|his|her|their|our) (?:sister|brother|mother|father|"
    r"parents?|son|daughter|friend|boss)"
    r"(?!\w*(?:'s)? (?:room|visit|plugs?|takes|drives))(?:'s)?|the office|phone|mobile|laptop|tablet|e-?bike|scooter|"
    r"headphones|vecin[oa]s?|(?:mis?|sus?|nuestr[oa]s?) (?:herman[oa]s?|madre|padres?|hij[oa]s?|amig[oa]s?|jefe)|"
    r"la oficina|movil|telefono|portatil|"
    r"bici(?:cleta)?|patinete|moto)\b"
)
_DEVICES_ELSEWHERE = re.compile(
    r"\b(?:phone|mobile|laptop|tablet|e-?bike|scooter|movil|telefono|portatil|bici(?:cleta)?|patinete|neighbou?rs?|vecin[oa]s?)\b"
)
# Other people's homes, of which those who come or are away may live in one.
_OTHER_HOMES = re.compile(
    r"^(?:(?:the|el) hotel|next door|los de (?:al lado|arriba|abajo)"
    r"|(?:my|our) \w+'s? (?:house|flat|place) (?:is|will)|la casa de (?:mis?|nuestr[oa]s?) \w+ (?:esta|queda))\b"
)
_FAMILY = r"wife|husband|partner|kids?|children|sons?|daughters?|mujer|esposa|marido|pareja|hij[oa]s?|nin[oa]s?"
_NO = rf"\b(?:{_NEGATED}|avoid|stop|nada)\b"
# What beside a wish turns it into another, for which there is no constraint.
_CAR = r"(?:cars?|ev|coches?|tesla|leaf|zoe)"
_BATTERY_AND_CAR = (
    rf"\b(?:battery|bateria)\b.*\b{_CAR}\b|\b{_CAR}\b.*\b(?:battery|bateria)\b"
    rf"|\b(?:discharg|descarg|vaci|empt)\w*\b.*\b{_CAR}\b"
)
_INTO_THE_CAR = (
    _BATTERY_AND_CAR,
    (
        "speaks of battery and car in an unclear way: say 'do not discharge the battery into the car tonight'; "
        "otherwise the setting discharge_into_car holds"
    ),
)
_KEEPS_IT_ALL = (
    (
        rf"^(?!.*\b(?:vend\w*|sell\w*|sale|export\w*|grid|red|viert\w*|vert\w*)\b).*?{_NO} (?:\w+ )?"
        r"(?:descarg\w+|us\w+|gast\w+|toqu\w+|vaci\w+|discharg\w+|use|using|drain|touch|empty|run down)"
        r"(?: (?:the|my|our|any|of|la|mi|nuestra|nada|de))* (?:battery|bateria|pila|powerwall|pack)\b"
    ),
    "keeps the battery from giving anything: say how much shall be kept, such as 'keep 80 % until 7:00'",
)
# The ways to say that the battery shall give nothing to the car, which are told by their words alone.
_NOT_INTO_THE_CAR = re.compile(
    rf"\b(?:don't|dont|do not|never|avoid|stop) (?:let the battery )?"
    r"(?:discharg\w*|drain\w*|empty\w*|us(?:e|ing)|feed\w*|put\w*)\b"
    rf"[^,;.]{{0,40}}\b(?:in|into|to|for) (?:charg\w+ )?(?:the |my |our )?{_CAR}\b"
    rf"|\b(?:don't|dont|do not|never|avoid|stop) charg\w+ (?:the |my |our )?{_CAR}\b[^,;.]{{0,12}}"
    r"\b(?:from|with|off|using|out of) (?:the |our )?(?:house |home )?battery\b"
    rf"|\b{_CAR} (?:must not|mustn't|should not|shouldn't|shall not|may not) (?:be )?"
    r"(?:charg\w*|draw\w*|tak\w*|drain\w*|empt\w*|us\w*)\b[^,;.]{0,20}\bbattery\b"
    rf"|\bno (?:house |home )?battery (?:power |energy )?(?:in|into|to|for) (?:the |my |our )?{_CAR}\b"
    r"|\b(?:no|nunca|evita|deja de) (?:(?:se|me|nos|quiero|queremos|que) )*"
    r"(?:descarg\w+|vaci\w+|us\w+|utili[cz]\w+|gast\w+|ech\w+|met\w+|pas\w+|des|dar)\b"
    rf"[^,;.]{{0,40}}\b(?:en|para|al?|hacia) (?:cargar )?(?:el |mi |nuestro )?{_CAR}\b"
    rf"|\b(?:no|nunca|evita|deja de) (?:se )?carg\w+ (?:el|mi|nuestro) {_CAR}\b[^,;.]{{0,12}}"
    r"\b(?:con|de|desde|usando) (?:la |nuestra )?bateria\b"
    rf"|\b(?:el|mi|nuestro) {_CAR} no (?:se )?(?:carg\w+|tir\w+|gast\w+|us\w+|consum\w+|vaci\w+|descarg\w+)\b"
    r"[^,;.]{0,20}\bbateria\b"
    rf"|\bnada de bateria (?:en|para|al?) (?:el |mi |nuestro )?{_CAR}\b"
)
_BATTERY_GIVES = re.compile(r"\b(?:batter\w+|bateria\w*|discharg\w*|drain\w*|descarg\w+|vaci\w+)\b")
# What beside it makes it another wish.
_NOT_ONLY_THE_CAR = re.compile(
    r"\b(?:grid|mains|network|red|only|just|solo|solamente|sell\w*|vend\w+|(?:for|to|into) (?:the )?(?:house|home)|"
    r"(?:para|en|a) (?:la )?casa)\b"
)
_TURNED: dict[str, tuple[tuple[str, str], ...]] = {
    "reserve": (
        (
            r"^(?!.*\b(?:battery|bateria)\b).*\b(?:car|ev|coche|tesla|leaf|zoe)\b",
            "speaks of a car, where a percentage does not fit here: say what it needs in km or kWh",
        ),
        (
            (
                rf"\b(?:at most|max(?:imum|imo)?(?! (?:of|de) )|limit\w*|cap(?:ped)?|como mucho|maxim[oa]|(?:keep|"
                rf"hold|store|leave|guarda|deja) (?:up to|hasta)|no higher|"
                rf"(?:only|just|solo|solamente)(?: to| al?| hasta| el| un)* \d)|{_NO}.{{0,28}}\b(?:more than|over|"
                rf"above|mas del?|por encima)\b"
            ),
            "sets an upper limit, and a note can only keep a charge from falling: say the least that shall be kept",
        ),
        (
            (
                rf"{_NO} (?:ever )?(?:keep\w*|hold\w*|reserv\w+|stor\w+|sav\w+|charg\w+ (?:the battery |it )?to|"
                r"guard\w+|manten\w+|conserv\w+|cargu\w+ (?:la bateria )?(?:al|hasta))\b"
                r"(?!.{0,20}\b(?:under|below|less|lower|menos|debajo)\b)"
            ),
            "denies something: say what shall be done, or withdraw the earlier note",
        ),
        (
            (
                r"\d ?(?:%|percent|per cent|por ciento) (?:of (?:the|my|our)|de (?:la|los|las|mis?|nuestr[oa]s?)) "
                r"(?!.{0,24}\b(?:battery|charge|energy|power|capacity|bateria|carga|energia|capacidad|pila|pack|"
                r"powerwall)\b)(?!(?:manana|tarde|noche|semana|day|night|week)\b)"
            ),
            "is a share of something that is not this battery: say only what shall hold here",
        ),
        (
            rf"^(?!.*(?:{_NO})).*?\b(?:under|below|less than|lower than|menos del?|por debajo)\b",
            "sets an upper limit, and a note can only keep a charge from falling: say the least that shall be kept",
        ),
        (
            (
                rf"^(?!.*(?:{_NO}))(?:please |por favor )?(?:discharge|empty|drain|run down|use|sell|release|descarga|"
                r"vacia|gasta|usa|vende|suelta|libera)\b"
            ),
            "asks for less charge: a note can only keep a charge from falling",
        ),
    ),
    "no_grid_charge": (_INTO_THE_CAR, _KEEPS_IT_ALL),
    "no_export": (_INTO_THE_CAR, _KEEPS_IT_ALL),
    "guests": (
        (r"\b(?:keep|hold|guarda|manten)\b(?!.*(?:guest|invit))", "asks to keep something, which guests are not"),
        (
            (
                r"\b(?:leav\w+|depart\w*|go(?:ing|es)? (?:home|out|away)|(?:been|are|am|'re|'m) (?:\w+ )?invited|"
                r"invit\w+ (?:us|me)|"
                r"(?:we|i)(?:'re| are| am|'m)? (?:go|going|invited|off) |less|fewer|gone|left|(?:se )?van\b(?! a)|"
                r"marchan|nos invitan|"
                r"(?:estamos|estoy) invitad\w+|salimos|menos)\b"
            ),
            "says that guests go, are fewer, or are somewhere else: only guests who come here count",
        ),
    ),
    "extra_load": ((r"\b(?:less|fewer|lower|menos)\b", "asks for less than usual: a note can only add a load"),),
    "away": (
        (
            (
                rf"\b(?:my|our|the|mis?|nuestr[oa]s?|el|la|los|las) (?:{_FAMILY})(?:'s| is| are| will be| esta\w*)?"
                r" (?:away|fuera|de viaje|gone|travel\w+)"
            ),
            "is away, and others are not: a note can only say that nobody is home",
        ),
    ),
    "car_ready": (
        (
            (
                r"\bhas (?:only |still |got |already )*[\d.]+ ?\w+ left|\balready\b|\bmore than\b|\bquedan?\b|"
                r"\bya tiene\b|\bhas [\d.]+ ?km left\b"
            ),
            "says what the car has: say what it needs and by when, such as 'car needs 40 km by 7:00'",
        ),
    ),
}
_NOT_AWAY = re.compile(
    rf"(?:\b(?:{_NEGATED})|n't)\b(?: \w+){{0,2}} (?:away|leav\w+|travel\w*|go\w*|fly\w*|on holiday|fuera de viaje)\b"
    r"|\bno (?:nos |me )?(?:vamos|voy|salimos|viajamos|estamos fuera)\b"
)
_ANY_NO = re.compile(rf"\b(?:{_NEGATED})\b")
# A ban says no, or only, or that something stays.
_BAN = re.compile(
    rf"{_NO}|\b(?:only|just|solo|solamente|unicamente|solely|zero|cero|block|bloque\w*|forbid\w*|prohib\w*|"
    rf"evita\w*|deja de|keep\w*|"
    r"sta(?:y|ys)|rather|quedamos|queda\w*|ourselves|for us|nosotros|off|hang on|curtail|use|aprovecha|guarda|nothing|"
    r"joke|miseria|puro|sunlight|mejor|desperdici\w+)\b"
)


_NO_NEED = re.compile(r"\b(?:no need|needn't|need not|no longer|any ?more|no hace falta|ya no|no es necesario)\b")
_SELLS = re.compile(r"\b(?:sell\w*|export\w*|feed\w*|vend\w+|viert\w+|vert\w+|inyect\w+)\b")
_OF_ENERGY = re.compile(
    r"\b(?:charg\w+|carg\w+|recarg\w+|grid|mains|red|buy\w*|compr\w+|import\w*|fill\w*|llen\w+|batter\w+|bateria\w*|solar|sun\w*|"
    r"sol|placas|panels?|pv|sell\w*|export\w*|feed\w*|vend\w+|viert\w+|vert\w+|inyect\w+|power|energ\w+|luz|electric\w*|"
    r"utility|network|compania|electrica|kwh|watt\w*|vatio\w*|surplus|excedent\w*|produ\w+|generat\w*|mak\w+|made|roof|tejado|store|top\w*|ventas?|salga\w*|send)\b"
)
_BUYS = re.compile(
    r"\b(?:charg\w+|carg\w+|recarg\w+|grid|mains|red|buy\w*|compr\w+|import\w*|top\w*|fill\w*|llen\w+)\b"
)


def refusal(plain: str) -> str | None:
    """Why a note cannot be a wish, whatever else it says."""
    calm = _HARMLESS.sub(" ", plain)
    if match := _DANGER.search(calm):
        return f"{match[0]!r} cannot be followed safely: say the wish alone, in one sentence"
    if "?" in plain or "¿" in plain or _QUESTION.search(calm):
        return "this is a question: ask it with `advisor chat`"
    if match := _PAST.search(calm):
        return f"{match[0]!r} speaks of something past: a note is about what is coming"
    return None


def keeps_out_of_car(plain: str) -> bool:
    """Whether a note says for certain that the battery shall not be discharged into the car."""
    denials = re.findall(rf"\b(?:{_NEGATED}|avoid|stop|evita|deja)\b", _HARMLESS.sub(" ", plain))
    matches = _NOT_INTO_THE_CAR.search(plain) and _BATTERY_GIVES.search(plain)
    return bool(matches) and len(denials) <= 1 and _NOT_ONLY_THE_CAR.search(plain) is None


def elsewhere(kind: str, plain: str) -> str | None:
    """Words that say whose battery or house a wish is about, if it is not this one."""
    pattern = _ELSEWHERE if kind not in ("guests", "away", "extra_load") else _DEVICES_ELSEWHERE
    match = None if kind == "guests" and "phone" not in plain else pattern.search(plain)
    match = match or _OTHER_HOMES.search(plain)
    return match[0] if match else None


def denial(kind: str, rest: str) -> str | None:
    """A word that denies the wish; a ban that forbids nothing is none."""
    if match := _NO_NEED.search(rest):
        return match[0]
    if kind in ("no_grid_charge", "no_export") and not _OF_ENERGY.search(rest):
        return NO_WORD
    if kind == "no_grid_charge" and _SELLS.search(rest) and not _BUYS.search(rest):
        return "selling"
    if kind in ("no_grid_charge", "no_export"):
        return None if _BAN.search(rest) else NO_WORD
    if kind in ("reserve", INTO_CAR):
        return None
    pattern = _NOT_AWAY if kind == "away" else _ANY_NO
    match = pattern.search(_HARMLESS.sub(" ", rest))
    return match[0] if match else None


def turned(kind: str, plain: str) -> str | None:
    """Why the words beside a wish make it another one."""
    for pattern, why in _TURNED.get(kind, ()):
        if match := re.search(pattern, plain):
            words = match[0].split()
            return f"{' '.join(words[-2:] if len(words) > 3 else words)!r} {why}"
    return None
