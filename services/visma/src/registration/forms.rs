//! The forms of VAT numbers, by country: those of VIES (<https://ec.europa.eu/taxation_customs/vies/>, question 11 of
//! its FAQ), of His Majesty's Revenue for GB and of Brønnøysund for NO.

/// A number of one country, in the form of its tax authority.
pub(super) struct Form {
    /// Number that the check digit belongs to.
    pub(super) number: String,
    /// The organisation number, where the VAT number has one in it.
    pub(super) organisation: Option<String>,
    /// With prefix.
    pub(super) vat: String,
}

/// Prefixes, and what stands behind them: `9` a digit, `@` a letter, `*` either, all else itself.
const FORMS: [(&str, &[&str]); 30] = [
    ("AT", &["U99999999"]),
    ("BE", &["9999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CY", &["99999999@"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["*9999999*"]),
    ("FI", &["99999999"]),
    ("FR", &["**999999999"]),
    ("GB", &["999999999", "999999999999", "GD999", "HA999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9999999@", "9999999@@", "9*99999@"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999B99"]),
    ("NO", &["999999999", "999999999MVA"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    ("RO", &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"]),
    ("SE", &["9999999999", "999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    ("XI", &["999999999", "999999999999", "GD999", "HA999"]),
];

/// Where companies of a country or territory are registered for VAT, and under which prefix.
pub(super) fn registrar(country: &str) -> &str {
    match country {
        "GR" => "EL",
        "SJ" => "NO",
        "AX" => "FI",
        "MC" => "FR",
        "IM" => "GB",
        other => other,
    }
}

/// The country of a number that names one, and what stands behind the name, if that has the form of one.
pub(super) fn prefixed(number: &str) -> Option<(&'static str, &str)> {
    let (prefix, body) = number.split_at_checked(2)?;
    let (country, forms) = FORMS.iter().find(|(country, _)| *country == registrar(prefix))?;
    let long = if *country == "BE" { old_belgian(body) } else { None };
    forms.iter().any(|form| fits(long.as_deref().unwrap_or(body), form)).then_some((*country, body))
}

/// A number of this country, without its prefix.
pub(super) fn of(country: &str, body: &str) -> Option<Form> {
    let (country, forms) = FORMS.iter().find(|(known, _)| *known == country)?;
    let old = if *country == "BE" { old_belgian(body) } else { None };
    let body = old.as_deref().unwrap_or(body);
    if !forms.iter().any(|form| fits(body, form)) {
        return None;
    }
    let organisation = match *country {
        "NO" => body.get(..9),
        "SE" => Some(swedish(body)?),
        "DK" | "FI" => Some(body),
        _ => None,
    };
    let vat = match (*country, organisation) {
        ("NO", Some(number)) => format!("NO{number}MVA"),
        ("SE", Some(number)) if body.starts_with(number) && body.len() > number.len() => format!("SE{body}"),
        ("SE", Some(number)) => format!("SE{number}01"),
        _ => format!("{country}{body}"),
    };
    let number = organisation.unwrap_or(body).to_owned();
    Some(Form { number, organisation: organisation.map(str::to_owned), vat })
}

/// The ten digits of a Swedish organisation number: by themselves, in a VAT number with 01 (rarely more, 94 at most)
/// behind them, or with the 16 of companies, or the century of a sole trader, before them.
fn swedish(body: &str) -> Option<&str> {
    let (number, serial) = body.split_at_checked(10)?;
    let of_company = || Some(body).filter(|body| ["16", "19", "20"].iter().any(|century| body.starts_with(century)));
    let of_vat = || super::check::luhn(number) && serial.parse::<u8>().is_ok_and(|serial| (1..=94).contains(&serial));
    if serial.is_empty() || of_vat() { Some(number) } else { of_company()?.get(2..) }
}

/// Belgian numbers had nine digits; all of them have ten now.
fn old_belgian(body: &str) -> Option<String> {
    fits(body, "999999999").then(|| format!("0{body}"))
}

fn fits(body: &str, form: &str) -> bool {
    let is = |(byte, place): (u8, u8)| match place {
        b'9' => byte.is_ascii_digit(),
        b'@' => byte.is_ascii_uppercase(),
        b'*' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        other => byte == other,
    };
    body.len() == form.len() && body.bytes().zip(form.bytes()).all(is)
}
