//! Checks that customers are matched by marks in one spelling. Two stages meet in these hashes alone, so that a
//! difference of spelling between them would be a second customer.

use proto::matching::{CORPORATE, EMAIL, Marks, VAT};

#[test]
fn spellings_of_one_mark_are_one() {
    let marks = |email, corporate, vat| Marks::of(Some(email), Some(corporate), Some(vat), None);
    let plain = marks("kari@example.no", "999888777", "NO999888777MVA");
    assert_eq!(marks(" Kari@Example.NO ", "999 888 777", "no-999.888.777-mva"), plain);
    assert_ne!(marks("kari@example.no", "999888778", "NO999888777MVA"), plain);
}

#[test]
fn what_is_empty_is_no_mark() {
    assert_eq!(Marks::of(Some("  "), Some(" - "), Some(""), None), Marks::default());
    assert_eq!(Marks::of(None, None, None, None), Marks::default());
    assert!(Marks::default().hashed(|_, _| panic!("nothing to hash")).is_empty());
}

#[test]
fn each_mark_is_hashed_for_its_own_purpose() {
    let marks = Marks::of(Some("a@b.no"), Some("974760673"), Some("NO974760673MVA"), Some("SE"));
    let hashed = marks.hashed(|purpose, text| format!("{purpose}({text})"));
    let expected = [(EMAIL, "a@b.no"), (CORPORATE, "974760673"), (VAT, "NO974760673MVA")];
    assert_eq!(hashed, expected.map(|(header, text)| (header, format!("{header}({text})"))));
}

/// Eight digits that are a company in Denmark and another one in Finland.
#[test]
fn the_same_digits_of_two_countries_are_two_marks() {
    let danish = Marks::of(None, Some("25064801"), Some("DK25064801"), Some("DK"));
    let finnish = Marks::of(None, Some("25064801"), Some("FI25064801"), Some("FI"));
    assert!(danish.corporate.is_some() && finnish.corporate.is_some());
    assert_ne!((danish.corporate.clone(), danish.vat.clone()), (finnish.corporate.clone(), finnish.vat.clone()));
    assert_ne!(danish.corporate, finnish.corporate);
    // However it stands in Visma: without a VAT number, or with one that has no prefix.
    for vat in [None, Some("25064801")] {
        let seen = Marks::of(None, Some("2506480-1"), vat, Some("FI"));
        assert_eq!(seen.corporate, finnish.corporate);
        assert!(seen.vat.is_none() || seen.vat == finnish.vat);
    }
}
