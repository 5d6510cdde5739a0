use super::*;

/// A number of each country whose check digit is known, made up of random digits and right.
const RIGHT: [&str; 29] = [
    "ATU86091390",
    "BE0738253934",
    "BG974300626",
    "CY00178690C",
    "CZ41463692",
    "DE325495578",
    "DK40812652",
    "EE936277567",
    "EL045690235",
    "ESZ3850731F",
    "FI37859855",
    "FR83944285550",
    "GB810187513",
    "HR97013541303",
    "HU38741199",
    "IE4232956V",
    "IT84024810453",
    "LT808445412",
    "LU04339956",
    "LV50936029079",
    "MT68605824",
    "NL153833440B98",
    "NO242802721MVA",
    "PL4174207070",
    "PT187374821",
    "RO997828",
    "SE519741644801",
    "SI99885271",
    "SK9109135277",
];

fn as_read(typed: &str, country: &str) -> Option<(Option<String>, String, bool)> {
    read(typed, Some(country)).map(|read| (read.organisation, read.vat, read.proven))
}

#[test]
fn a_right_number_is_known_by_its_prefix_wherever_it_is_billed() {
    for vat in RIGHT {
        for country in [Some("NO"), Some("US"), vat.get(..2), None] {
            let found = read(vat, country).unwrap();
            assert!(found.proven && found.vat == vat, "{found:?}");
            assert_eq!(found.organisation.is_some(), NORDIC.contains(&vat.get(..2).unwrap()), "{vat}");
        }
        let spread: String = vat.chars().flat_map(|letter| [letter, '.', ' ']).collect();
        assert_eq!(read(&spread.to_lowercase(), None).unwrap().vat, vat, "{spread}");
        assert_eq!(vat_mark(&spread, None).as_deref(), Some(vat));
    }
}

#[test]
fn a_number_without_prefix_is_one_of_the_billed_country_if_its_check_digit_is_right() {
    for vat in RIGHT {
        let (country, body) = vat.split_at(2);
        let country = if country == "EL" { "GR" } else { country };
        assert_eq!(read(body, Some(country)).unwrap().vat, vat);
        let place = body.find(|letter: char| letter.is_ascii_digit()).unwrap();
        let other = (body.as_bytes()[place] - b'0' + 1) % 10;
        let wrong = format!("{}{other}{}", &body[..place], &body[place + 1..]);
        let found = read(&wrong, Some(country));
        assert!(found.is_none(), "{country}{wrong}: {found:?}");
    }
}

#[test]
fn a_wrong_check_digit_is_no_number_in_the_north_and_matches_nobody_elsewhere() {
    for (typed, country) in [
        ("123456789", "NO"),
        ("NO 123 456 789 MVA", "NO"),
        ("DK12345678", "DK"),
        ("1234567-8", "FI"),
        ("556677-8898", "SE"),
        ("SE556677889801", "DE"),
        ("999999998", "NO"),
        ("NO000000000MVA", "NO"),
        ("EL123456789 (maybe)", "GR"),
        ("123456789", "GR"),
        ("-", "NO"),
        ("0155 Oslo", "NO"),
        ("12-3456789", "US"),
    ] {
        assert_eq!(as_read(typed, country), None, "{typed}");
    }
    for (typed, country, vat) in [
        ("EL123456789", "GR", "EL123456789"),
        ("GR 123.456.789", "GR", "EL123456789"),
        ("XI123456789", "GB", "XI123456789"),
        ("NL 8222.33.711.B01", "NL", "NL822233711B01"),
        ("EE100931558", "EE", "EE100931558"),
        ("DE 111 111 111", "DE", "DE111111111"),
        ("CZ1234567890", "CZ", "CZ1234567890"),
        ("VAT no. IE8S12345L", "IE", "IE8S12345L"),
    ] {
        let (organisation, found, _) = as_read(typed, country).unwrap();
        assert_eq!((organisation, found.as_str()), (None, vat), "{typed}");
    }
    assert_eq!(["EL123456789", "CZ1234567890", "NO123456789"].map(|number| vat_mark(number, None)), [None, None, None]);
}

#[test]
fn what_stands_around_a_number_is_left_out() {
    for typed in [
        "974760673",
        "NO 974 760 673 MVA (Foretaksregisteret)",
        "Org.nr. 974 760 673",
        "Org.nr: NO 974 760 673 MVA",
        "Organisasjonsnummer 974.760.673",
        "Foretaksregisteret NO 974 760 673 MVA",
        "974760673 mva",
        "VAT No. NO974760673",
    ] {
        let expected = (Some("974760673".to_owned()), "NO974760673MVA".to_owned(), true);
        assert_eq!(as_read(typed, "NO"), Some(expected), "{typed}");
    }
    assert_eq!(read("974 760 673 MVA", Some("DE")).unwrap().vat, "NO974760673MVA");
    assert_eq!(read("974760673", Some("SJ")).unwrap().vat, "NO974760673MVA");
    for (typed, country, organisation, vat) in [
        ("CVR-nr. 40 81 26 52", "DK", "40812652", "DK40812652"),
        ("Momsreg.nr SE519741644801", "SE", "5197416448", "SE519741644801"),
        ("Org.nr 519741-6448", "SE", "5197416448", "SE519741644801"),
        ("16519741-6448", "SE", "5197416448", "SE519741644801"),
        ("SE519741644802", "SE", "5197416448", "SE519741644802"),
        ("Y-tunnus 3785985-5", "FI", "37859855", "FI37859855"),
        ("3785985-5", "AX", "37859855", "FI37859855"),
    ] {
        assert_eq!(as_read(typed, country), Some((Some(organisation.to_owned()), vat.to_owned(), true)), "{typed}");
    }
    assert_eq!(read("USt-IdNr. DE325495578", Some("AT")).unwrap().vat, "DE325495578");
    assert_eq!(read("738253934", Some("BE")).unwrap().vat, "BE0738253934");
}

#[test]
fn marks_are_one_for_all_spellings() {
    for text in ["974760673", "974 760 673", "NO974760673", "NO 974 760 673 MVA", "974760673MVA"] {
        assert_eq!(organisation_mark(text, None, None).as_deref(), Some("974760673"), "{text}");
    }
    assert_eq!(vat_mark("NO 974760673", None).as_deref(), Some("NO974760673MVA"));
    // In Visma it may stand without prefix: nothing is known against it.
    assert_eq!(vat_mark("974760673", None).as_deref(), Some("974760673"));
    assert_eq!((vat_mark(" - ", None), organisation_mark(" - ", None, None)), (None, None));
}

/// Its check digit is right, and it is what people type who have none.
#[test]
fn a_digit_repeated_matches_nobody() {
    let expected = (Some("999999999".to_owned()), "NO999999999MVA".to_owned(), false);
    assert_eq!(as_read("NO 999 999 999 MVA", "NO"), Some(expected));
    assert_eq!((vat_mark("NO999999999MVA", None), organisation_mark("999 999 999", None, None)), (None, None));
}

/// Eight digits that are a right number in Denmark and another company's in Finland.
const BOTH: &str = "25064801";

#[test]
fn a_number_of_two_countries_is_the_one_that_is_named_or_billed_or_nobodys() {
    let mark = |text: &str, vat: Option<&str>, country: Option<&str>| organisation_mark(text, vat, country);
    for (text, vat, country, expected) in [
        (BOTH, None, Some("DK"), Some("25064801")),
        (BOTH, None, Some("FI"), Some("FI25064801")),
        ("2506480-1", None, Some("AX"), Some("FI25064801")),
        // What names its country is of that, wherever it is billed.
        ("DK25064801", None, Some("FI"), Some("25064801")),
        ("FI25064801", None, Some("DK"), Some("FI25064801")),
        (BOTH, Some("FI25064801"), Some("DK"), Some("FI25064801")),
        (BOTH, Some("DK 25 06 48 01"), Some("FI"), Some("25064801")),
        // A VAT number that is of another company says nothing of this one.
        (BOTH, Some("DK31063868"), Some("FI"), Some("FI25064801")),
        (BOTH, None, None, None),
        (BOTH, None, Some(""), None),
        (BOTH, None, Some("NO"), None),
        // Eight digits of a register elsewhere.
        (BOTH, None, Some("GB"), Some("GB25064801")),
        ("31063868", None, Some("GB"), Some("GB31063868")),
        // The check digit tells Danish numbers from Finnish ones mostly.
        ("31063868", None, None, Some("31063868")),
        ("37859855", None, None, Some("FI37859855")),
        ("37859855", None, Some("SE"), Some("FI37859855")),
        // Nine digits are Norwegian, in the north, and elsewhere of wherever they are.
        ("974760673", None, Some("NO"), Some("974760673")),
        ("974760673", None, Some("SE"), Some("974760673")),
        ("974760673", None, Some("EE"), Some("EE974760673")),
        ("974760673", Some("NO974760673MVA"), Some("EE"), Some("974760673")),
        ("HRB 12345", None, Some("DE"), Some("DEHRB12345")),
        ("HRB 12345", None, None, Some("HRB12345")),
    ] {
        assert_eq!(mark(text, vat, country).as_deref(), expected, "{text} {vat:?} {country:?}");
    }
}

#[test]
fn a_vat_number_without_prefix_is_of_the_country_of_its_address() {
    assert_eq!(vat_mark("974 760 673 MVA", Some("SE")).as_deref(), Some("NO974760673MVA"));
    assert_eq!(vat_mark("974760673", Some("NO")).as_deref(), Some("NO974760673MVA"));
    assert_eq!(
        [vat_mark(BOTH, Some("DK")), vat_mark(BOTH, Some("FI"))].map(Option::unwrap),
        ["DK25064801", "FI25064801"]
    );
    assert_eq!(vat_mark("DK25064801", Some("FI")).as_deref(), Some("DK25064801"));
}
