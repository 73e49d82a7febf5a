"""The words for true and false, of spreadsheets and of people in several countries."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SWITCHES = (
    _words(
        "true wahr vrai verdadero verdadeiro vero waar prawda pravda sand sann sant tosi igaz "
        "doğru истина істина adevărat tõene patiess istina cert αληθης αληθής"
    ),
    _words(
        "false falsch faux falso onwaar fałsz nepravda falsk usann falskt epätosi hamis yanlış "
        "yanliş ложь хибність fals väär aplams laž ψευδης ψευδής"
    ),
)
"""True and false as spreadsheets write them by themselves. `yanliş` is a Turkish word in capitals,
made small by the rules of other languages."""

YES = SWITCHES[0] | _words("yes y 1 ja j oui sí si x tak sim ano igen evet да так da kyllä")
NO = SWITCHES[1] | _words("no n 0 nein non nee nie não nao nej ne nem hayır нет ні nu ei")
"""All texts that a cell for a boolean may have."""
