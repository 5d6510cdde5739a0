//! Words that people write around a number: `Org.nr. 974 760 673`, `NO 974 760 673 MVA (Foretaksregisteret)`.

/// Words before a number, without what is no letter; the longer before the shorter that it begins with.
const BEFORE: [&str; 40] = [
    "FORETAKSREGISTERET",
    "ORGANISASJONSNUMMER",
    "ORGANISATIONSNUMMER",
    "ORGANISASJONSNR",
    "ORGANISATIONSNR",
    "ORGNUMMER",
    "ORGNR",
    "ORG",
    "MOMSREGISTRERINGSNUMMER",
    "MOMSREGNR",
    "MOMSNUMMER",
    "MOMSNR",
    "MOMS",
    "MVANUMMER",
    "MVANR",
    "MVA",
    "CVRNUMMER",
    "CVRNR",
    "CVR",
    "SENUMMER",
    "SENR",
    "YTUNNUS",
    "ALVNUMERO",
    "ALV",
    "VATREGISTRATION",
    "VATREG",
    "VATNUMBER",
    "VATNR",
    "VATID",
    "VAT",
    "TAXID",
    "USTIDNR",
    "USTID",
    "UST",
    "UIDNR",
    "BTW",
    "TVA",
    "PIVA",
    "NUMBER",
    "NR",
];
/// The same where it may be the beginning of a number too, and is tried as that first.
const MAYBE_BEFORE: [&str; 2] = ["NO", "ID"];
/// Words behind a number, besides the `MVA` that is a part of it.
const BEHIND: [&str; 4] = ["FORETAKSREGISTERET", "MOMS", "VAT", "ALV"];
/// Words around one number at most.
const WORDS: usize = 4;

/// Letters and digits alone, in capitals.
pub(super) fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Returns what a number may be: the whole text first, then with one word after the other taken away.
pub(super) fn spellings(typed: &str) -> Vec<String> {
    let mut number = compact(typed);
    let mut spellings = vec![number.clone()];
    for _ in 0..WORDS {
        let behind = BEHIND.iter().find_map(|word| number.strip_suffix(word));
        let before = || BEFORE.iter().chain(&MAYBE_BEFORE).find_map(|word| number.strip_prefix(word));
        let Some(rest) = behind.or_else(before) else { break };
        number = rest.to_owned();
        spellings.push(number.clone());
    }
    spellings
}
