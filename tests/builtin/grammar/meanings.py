"""The meanings whose sentences every language's expectations spell out by hand."""

from polysteer.builtin.grammar import Clause, Meaning, NounPhrase, Pair, Place


def np(noun: str, adjective: str | None = None, *, numeral: str | None = None) -> NounPhrase:
    counted = numeral is not None
    return NounPhrase(noun, plural=counted, definite=not counted, adjective=adjective, numeral=numeral)


def nps(noun: str, adjective: str | None = None) -> NounPhrase:
    return NounPhrase(noun, plural=True, adjective=adjective)


def a(noun: str, adjective: str | None = None) -> NounPhrase:
    return NounPhrase(noun, definite=False, adjective=adjective)


def some(noun: str, adjective: str | None = None) -> NounPhrase:
    return NounPhrase(noun, plural=True, definite=False, adjective=adjective)


def at(noun: str, adjective: str | None = None) -> Place:
    return Place(np(noun, adjective))


def near(noun: str) -> Place:
    return Place(np(noun), "near")


def does(subject, verb, target=None, **more) -> Clause:
    kind = "transitive" if target is not None else "intransitive"
    return Clause(kind, subject, verb=verb, object=target, **more)


def thinks(subject, verb, content, **more) -> Clause:
    return Clause("complement", subject, verb=verb, content=content, **more)


def is_(subject, adjective, **more) -> Clause:
    return Clause("copula", subject, adjective=adjective, **more)


def there_is(subject, place, **more) -> Clause:
    return Clause("existential", subject, place=place, **more)


PAST = {"tense": "past"}
CLAUSES: dict[str, Clause] = {
    # transitive
    "doctor treats patient": does(np("doctor"), "treat", np("patient")),
    "doctors treated patients": does(nps("doctor"), "treat", nps("patient"), **PAST),
    "mother buys a bread": does(np("mother"), "buy", a("bread", "white"), place=at("market")),
    "child drinks water": does(a("child", "hungry"), "drink", a("water", "cold")),
    "two dogs followed sheep": does(np("dog", numeral="two"), "follow", np("sheep", "white"), **PAST),
    "hunter saw three bears": does(np("hunter"), "see", np("bear", "dangerous", numeral="three"), **PAST),
    "nurse helps a child": does(np("nurse", "friendly"), "help", a("child", "sick"), place=at("hospital")),
    "nurse will wash": does(np("nurse"), "wash", np("wound", "deep"), tense="future", time="tomorrow"),
    "engineer built machines": does(
        np("engineer"), "build", some("machine", "heavy"), place=at("laboratory"), time="last_year", **PAST
    ),
    "players won": does(nps("player", "young"), "win", np("match", "important"), **PAST),
    "musician plays guitar": does(
        np("musician"), "play_instrument", a("guitar", "old"), time="in_the_evening"
    ),
    "pair subject": does(Pair(np("doctor"), np("nurse")), "treat", a("wound"), **PAST),
    "pair object": does(np("mother"), "love", Pair(np("doctor"), np("child"))),
    # negation
    "thief not sells": does(np("thief"), "sell", np("flag"), negated=True),
    "guitar not repaired": does(np("musician"), "repair", a("guitar"), negated=True, **PAST),
    "tourist will not visit": does(
        np("tourist"), "visit", np("museum"), negated=True, tense="future", time="next_week"
    ),
    "children do not sleep": does(nps("child"), "sleep", negated=True, time="now"),
    # intransitive
    "baby slept": does(np("child"), "sleep", place=at("school"), **PAST),
    "birds sing": does(nps("bird", "small"), "sing", place=near("forest"), time="in_the_morning"),
    "rain falls": does(np("rain"), "fall", place=at("mountain"), time="in_winter"),
    "plane landed": does(np("plane"), "land", place=at("airport"), time="yesterday", **PAST),
    "swimmers swim": does(some("swimmer", "strong"), "swim", place=at("lake"), time="on_sunday"),
    "king will speak": does(np("king"), "speak", tense="future", time="soon"),
    # copula
    "soup is hot": is_(np("soup"), "hot"),
    "dancers were beautiful": is_(nps("dancer"), "beautiful", **PAST),
    "law is not important": is_(np("law"), "important", negated=True),
    "doctors were not tired": is_(nps("doctor"), "tired", negated=True, time="today", **PAST),
    "patient will be sad": is_(np("patient"), "sad", tense="future", time="tomorrow"),
    "house is white": is_(np("house"), "white"),
    # existential
    "book in library": there_is(a("book", "old"), at("library")),
    "dogs near hotel": there_is(some("dog", "black"), near("hotel"), **PAST),
    "no cat in village": there_is(a("cat"), at("village", "quiet"), negated=True),
    "four bicycles": there_is(np("bicycle", numeral="four"), at("beach")),
    "there was snow": there_is(a("snow"), at("valley"), time="in_winter", **PAST),
    # that-clauses
    "scientist knows that": thinks(np("scientist"), "know", does(np("robot"), "work")),
    "patient said that": thinks(
        np("patient"), "say", does(np("nurse"), "carry", np("medicine"), **PAST), time="yesterday", **PAST
    ),
    "fans believe that": thinks(nps("fan"), "believe", is_(np("team"), "weak")),
}
QUESTIONS: dict[str, Clause] = {
    "question: does doctor treat": does(np("doctor"), "treat", np("child")),
    "question: did wolves eat": does(nps("wolf"), "eat", a("sheep"), place=at("forest"), **PAST),
    "question: will plane land": does(np("plane"), "land", tense="future", time="tomorrow"),
    "question: is picture expensive": is_(np("picture"), "expensive"),
    "question: was there a bird": there_is(a("bird"), at("park"), **PAST),
}
JOINED: dict[str, tuple[str, Clause, Clause]] = {
    "because: coach praises": (
        "because",
        does(np("coach"), "praise", np("player")),
        does(np("team"), "win", np("match")),
    ),
    "because: worker not works": (
        "because", does(np("worker"), "work", negated=True, **PAST), is_(np("law"), "strict", **PAST),
    ),
    "when: dog sleeps": ("when", does(np("dog"), "sleep"), does(np("farmer"), "feed", np("cow"))),
    "when: viewer laughed": ("when", does(nps("viewer"), "laugh", **PAST), does(np("clown"), "jump", **PAST)),
    "when: water is cold": ("when", does(np("nurse"), "wait"), is_(np("water"), "cold")),
    "and: singer sings": (
        "and", does(np("singer"), "sing_song", a("song")), does(np("dancer"), "dance"),
    ),
    "and: river is deep": ("and", is_(np("river"), "deep", **PAST), is_(nps("mountain"), "high", **PAST)),
    "but: pilot waits": ("but", does(np("pilot"), "wait"), does(nps("passenger"), "sleep", negated=True)),
}  # fmt: skip

MEANINGS: dict[str, Meaning] = {
    **{name: Meaning("health", "statement", clause) for name, clause in CLAUSES.items()},
    **{name: Meaning("health", "question", clause) for name, clause in QUESTIONS.items()},
    **{name: Meaning("health", pattern, first, second) for name, (pattern, first, second) in JOINED.items()},
}
PHRASES = {
    "phrase: the old book": np("book", "old"),
    "phrase: five white cats": np("cat", "white", numeral="five"),
    "phrase: a small house": a("house", "small"),
}
