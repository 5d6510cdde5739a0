//! Organisation and VAT numbers, as far as they can be trusted.
//!
//! Buyers type anything into these fields. A number counts when it has the form that the billed country uses and is not
//! all zeros; another country's number on the account does not say who is billed. The forms are those of the EU's VIES
//! service for SE, DK and FI, and of the Norwegian register for NO.

/// The registration of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    /// Organisation number, digits only.
    pub(super) organisation: String,
    /// VAT number with country prefix, as the tax authority writes it.
    pub(super) vat: String,
}

/// The registration of a party in this country: the first of the typed numbers that is one of it.
pub(super) fn of(country: Option<&str>, typed: [Option<&str>; 2]) -> Option<Registration> {
    let country = country?;
    typed.into_iter().flatten().find_map(|number| parse(number, country))
}

/// Reads a number as one of this country.
fn parse(typed: &str, country: &str) -> Option<Registration> {
    let compact: String =
        typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    let number = compact.strip_prefix(country).unwrap_or(&compact);
    let organisation = match country {
        "NO" => digits(number.strip_suffix("MVA").unwrap_or(number), 9)?,
        // The VAT number is the organisation number with 01 (rarely more) behind it.
        "SE" => digits(number, 12).and_then(|long| long.get(..10)).or_else(|| digits(number, 10))?,
        "DK" | "FI" => digits(number, 8)?,
        _ => return None,
    };
    if organisation.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let vat = match country {
        "NO" => format!("NO{organisation}MVA"),
        "SE" => format!("SE{}", if number.len() == 12 { number.to_owned() } else { format!("{organisation}01") }),
        _ => format!("{country}{organisation}"),
    };
    Some(Registration { organisation: organisation.to_owned(), vat })
}

fn digits(text: &str, length: usize) -> Option<&str> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_country_are_normalised() {
        for (typed, country, organisation, vat) in [
            ("NO 999 999 999 MVA", "NO", "999999999", "NO999999999MVA"),
            ("999999999", "NO", "999999999", "NO999999999MVA"),
            ("SE556677889901", "SE", "5566778899", "SE556677889901"),
            ("556677-8899", "SE", "5566778899", "SE556677889901"),
            ("dk12345678", "DK", "12345678", "DK12345678"),
            ("1234567-8", "FI", "12345678", "FI12345678"),
        ] {
            let expected = Registration { organisation: organisation.to_owned(), vat: vat.to_owned() };
            assert_eq!(parse(typed, country), Some(expected), "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_of_the_country_is_left_out() {
        for (typed, country) in [
            ("-", "NO"),
            ("NO000000000001", "NO"),
            ("000000000", "NO"),
            ("SE000000000001", "SE"),
            ("SE556677889901", "NO"),
            ("DE123456789", "DE"),
            ("99999999", "NO"),
        ] {
            assert_eq!(parse(typed, country), None, "{typed}");
        }
    }
}
