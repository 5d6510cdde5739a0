//! Organisation and VAT numbers: what of that which people type is one, and how it is written.
//!
//! Customers are matched by these numbers, so a made-up one that two buyers share would book one on the other. A number
//! is read by its own prefix first (`SE556677889901` is Swedish wherever the bill goes), then as one of the billed
//! country. Forms are those of the EU's VIES service and of the Norwegian register; [`check`] knows the check digits.
//!
//! | number | written | matched by |
//! | --- | --- | --- |
//! | of NO, SE, DK, FI, with its check digit | organisation and VAT number | both |
//! | of NO, SE, DK, FI, without | no | no |
//! | of another EU country, XI or GB, with its check digit | VAT number | yes |
//! | the same with its prefix and another check digit, or one that is not known here | VAT number, as typed | no |
//! | the same without prefix, with another check digit | no | no |
//! | one digit repeated (`999999999`), with its check digit | as above | no |
//! | zeros, any other text | no | no |

mod check;
mod forms;
mod labels;

use check::Check;
use forms::Form;

/// A company's registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Organisation number, digits only, in the countries whose VAT number contains it: NO, SE, DK, FI.
    pub organisation: Option<String>,
    /// VAT number with its prefix, as the tax authority writes it.
    pub vat: String,
    /// True when the check digit is known to be right, so that customers may be matched by the number.
    pub proven: bool,
}

/// Reads a number as it was typed; `country` (ISO 3166-1 alpha-2) is where it is billed, for a number without prefix.
#[must_use]
pub fn read(typed: &str, country: Option<&str>) -> Option<Registration> {
    let country = country.map(forms::registrar);
    labels::spellings(typed).into_iter().find_map(|number| {
        let by_prefix = || forms::prefixed(&number).and_then(|(country, body)| registration(country, body, true));
        let by_suffix = || number.strip_suffix("MVA").and_then(|body| registration("NO", body, true));
        by_prefix().or_else(by_suffix).or_else(|| registration(country?, &number, false))
    })
}

/// The text by which an organisation number is compared: letters and digits alone, without what surrounds the number.
/// Nothing for one that cannot be trusted, or of which nobody can say whose it is: some eight digits are a number in
/// Denmark and another one in Finland.
///
/// It is of the country that it names itself, or that a `vat` number names which contains it; else of the `country` of
/// its address; but in the north, of the country whose check digit it has.
#[must_use]
pub fn organisation_mark(text: &str, vat: Option<&str>, country: Option<&str>) -> Option<String> {
    let named = read(text, None);
    let number = named.as_ref().and_then(|read| read.organisation.clone()).unwrap_or_else(|| labels::compact(text));
    if repeats(&number).is_some() {
        return None;
    }
    let with_it = || vat.and_then(|vat| read(vat, None)).filter(|read| read.organisation.as_ref() == Some(&number));
    if let Some(vat) = named.filter(|read| read.organisation.is_some()).or_else(with_it).map(|read| read.vat) {
        return Some(marked(vat.get(..2)?, &number));
    }
    let is_number = |country: &&&str| registration(country, &number, false).is_some();
    let fitting: Vec<&&str> = NORDIC.iter().filter(is_number).collect();
    match country.map(forms::registrar).filter(|country| !country.is_empty()) {
        Some(abroad) if !NORDIC.contains(&abroad) => Some(marked(abroad, &number)),
        Some(home) if fitting.iter().any(|country| **country == home) => Some(marked(home, &number)),
        _ => match fitting.as_slice() {
            [] => Some(number),
            [only] => Some(marked(only, &number)),
            _ => None,
        },
    }
}

/// Countries whose VAT number contains the organisation number.
const NORDIC: [&str; 4] = ["NO", "SE", "DK", "FI"];

/// Numbers of Norway, Sweden and Denmark differ in their length; all others need their country.
fn marked(country: &str, number: &str) -> String {
    match country {
        "NO" | "SE" | "DK" => number.to_owned(),
        _ => format!("{country}{number}"),
    }
}

/// The text by which a VAT number is compared, of this country if it names none. Nothing for one that cannot be
/// trusted.
#[must_use]
pub fn vat_mark(text: &str, country: Option<&str>) -> Option<String> {
    let compact = labels::compact(text);
    match read(text, country) {
        Some(read) => read.proven.then_some(read.vat),
        // With a prefix it was found wanting; without one nothing is known against it.
        None => (!compact.is_empty() && forms::prefixed(&compact).is_none()).then_some(compact),
    }
}

fn registration(country: &str, body: &str, prefixed: bool) -> Option<Registration> {
    let Form { number, organisation, vat } = forms::of(country, body)?;
    let repeated = repeats(&number);
    if repeated == Some(b'0') {
        return None;
    }
    let check = check::digit(country, &number);
    let strict = organisation.is_some() || !prefixed && check == Check::Wrong;
    let proven = check == Check::Right && repeated.is_none();
    (check == Check::Right || !strict).then_some(Registration { organisation, vat, proven })
}

/// The one digit that a number consists of: a filler that many type, whatever its check digit says. Nothing but letters
/// counts as zeros.
fn repeats(number: &str) -> Option<u8> {
    let mut digits = number.bytes().filter(u8::is_ascii_digit);
    let first = digits.next().unwrap_or(b'0');
    digits.all(|digit| digit == first).then_some(first)
}

#[cfg(test)]
mod tests;
