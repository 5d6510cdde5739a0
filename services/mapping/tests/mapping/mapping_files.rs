//! Mapping files that cannot be used, and what is said about them.

use mapping::{DEFAULT, Mapping, Problem};

use crate::support::{changed, changed_text};

fn problems(text: &str) -> Vec<Problem> {
    Mapping::parse(text).expect_err("this file should not load").0
}

/// What is replaced in the default file, by what, where the problem is, and words that its sentence must have.
type Case = (&'static str, &'static str, &'static str, &'static str);

const UNKNOWN: [Case; 7] = [
    ("pin_vat = true", "pin_vat = true\npin_vta = true", "totals.pin_vta", "did you mean `pin_vat`?"),
    ("[invoice]", "[invoce]\nhold = true\n[invoice]", "invoce", "did you mean `invoice`?"),
    (FPT, "when = { line = \"fpt\", skuu = \"A*\" }", "account[4].when.skuu", "did you mean `sku`?"),
    (FPT, "when = { line = \"ftp\" }", "account[4].when.line", "did you mean `fpt`?"),
    ("vat_on = \"document\"", "vat_on = \"documents\"", "totals.vat_on", "did you mean `document`?"),
    ("# [[branch]]", "[[branch]]\nwhen = { sku = \"A\" }\nbranch = \"1\"\n#", "branch[0].when.sku", "not known"),
    ("segment = 1", "segment = 1\nbrand = 2", "dimension[0].brand", "not known"),
];

const TYPES: [Case; 10] = [
    ("hold = true", "hold = \"yes\"", "invoice.hold", "`true` or `false` is expected here, not the text \"yes\""),
    ("rounding_limit = 0.50", "rounding_limit = \"0.50\"", "totals.rounding_limit", "a number is expected"),
    (
        "account = \"3060\"",
        "account = 3060",
        "account[10].account",
        "a text in quotes is expected here, not the number 3060",
    ),
    ("account = \"3060\"", "account = \"\"", "account[10].account", "not an empty text"),
    (FPT, "when = \"fpt\"", "account[4].when", "a table is expected here"),
    (FPT, "when = { line = \"fpt\", tax_rate = \"25\" }", "account[4].when.tax_rate", "a number or a list of numbers"),
    (FPT, "when = { line = \"fpt\", customer_group = -1 }", "account[4].when.customer_group", "a whole number"),
    (FPT, "when = { line = [] }", "account[4].when.line", "an empty list never matches anything"),
    ("segment = 2", "segment = 1.5", "dimension[1].segment", "a whole number"),
    ("[company]", "store = 4\n[company]", "store", "a list of tables `[[store]]` is expected"),
];

const MISSING: [Case; 8] = [
    ("version = \"1\"", "", "version", "this key is missing"),
    ("account = \"3060\"", "", "account[10].account", "this key is missing"),
    ("code = \"33\"\nrate = 12", "code = \"33\"", "vat[4].rate", "this key is missing"),
    ("code = \"33\"\nrate = 12", "rate = 12", "vat[4].code", "this key is missing"),
    ("pin_vat = true\n", "\n", "totals.pin_vat", "this key is missing"),
    ("reference_prefix = \"WEB-\" ", "# ", "invoice.reference_prefix", "this key is missing"),
    ("guests = \"each\" ", "guests = \"collective\" #", "customer.collective_number", "is missing"),
    (
        "# [[tax_class]]",
        "[[tax_class]]\nname = \"food\"\n#",
        "tax_class[0].tax_codes",
        "by tax_codes, by skus, or by both",
    ),
];

const WRONG: [Case; 17] = [
    ("rounding_limit = 0.50", "rounding_limit = -1", "totals.rounding_limit", "a limit cannot be negative"),
    ("vat_limit = 0.05", "vat_limit = -1", "totals.vat_limit", "a limit cannot be negative"),
    ("\"swish*\"", "\"swi[sh\"", "payment.methods", "`swi[sh` is no pattern"),
    ("\"Europe/Oslo\"", "\"Oslo\"", "company.time_zone", "`Oslo` is no IANA time zone"),
    ("[currency.GBP]", "[currency.pound]", "currency.pound", "three capital letters"),
    ("[currency.GBP]", "[currency.GBP]\ndecimals = 5", "currency.GBP.decimals", "more than 4 decimals"),
    ("# collective_number", "collective_number", "customer.collective_number", "only with guests = \"collective\""),
    ("code = \"33\"\nrate = 12", "code = \"33\"\nrate = 15", "vat[4].rate", "for 12 % in the shop"),
    ("code = \"33\"\nrate = 12", "code = \"31\"\nrate = 12", "vat[4].rate", "VAT code 31 has 15 % in a rule above"),
    (
        "code = \"52\"\nrate = 0",
        "code = \"5\"\nrate = 0\n[[vat]]\nwhen = { line = \"fee\" }\ncode = \"99\"\nrate = 101",
        "vat[14].rate",
        "no VAT rate",
    ),
    (
        "when = { product_type = \"giftcard\", tax_rate = 0 }\ncode = \"6\"\nrate = 0",
        "when = { line = \"reward\", store = \"x\" }\ncode = \"6\"\nrate = 0",
        "vat[1].when.store",
        "no [[store]] has the code `x`",
    ),
    (FPT, "when = { line = \"fpt\", website = 1 }", "account[4].when.website", "no [[store]] belongs to website 1"),
    (FPT, "when = { line = \"fpt\", tax_class = \"food\" }", "account[4].when.tax_class", "no [[tax_class]] is called"),
    (FPT, "when = { line = \"gift_card\", sku = \"A\" }", "account[4].when", "is never reached"),
    ("segment = 2", "segment = 0", "dimension[1].segment", "numbered from 1"),
    ("line = \"rounding\" }\naccount", "line = \"item\", sku = \"X\" }\naccount", "account", "line = \"rounding\""),
    (
        "# [[store]]",
        "[[store]]\nid = 1\ncode = \"a\"\n[[store]]\nid = 1\ncode = \"b\"\n#",
        "store[1].id",
        "listed twice",
    ),
];

const FPT: &str = "when = { line = \"fpt\" }";

#[test]
fn one_wrong_thing_gives_one_problem_with_its_place() {
    for (from, to, path, words) in UNKNOWN.iter().chain(&TYPES).chain(&MISSING).chain(&WRONG) {
        let text = changed_text(&[(from, to)]);
        let found = problems(&text);
        let places: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(places, [*path], "{to}: {found:?}");
        assert!(found[0].to_string().contains(words), "`{words}` is not in: {}", found[0]);
        let line = text.lines().nth(found[0].line - 1).unwrap_or_default();
        assert!(found[0].line > 1 || text.starts_with(line), "{}", found[0]);
    }
}

#[test]
fn the_line_is_the_line() {
    let text = changed_text(&[("account = \"3060\"", "acount = \"3060\"")]);
    let found = problems(&text);
    let unknown = found.iter().find(|problem| problem.path == "account[10].acount").unwrap();
    assert!(text.lines().nth(unknown.line - 1).unwrap().starts_with("acount = "), "{unknown}");
    assert_eq!(unknown.nearest.as_deref(), Some("account"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_from_top_to_bottom() {
    let found = problems(&changed_text(&[
        ("time_zone = \"Europe/Oslo\"", "time_zone = \"Mars\""),
        ("hold = true", "hold = 1"),
        ("code = \"FI255\"\nrate = 25.5", "code = \"FI255\"\nrate = \"25.5\""),
        ("value = \"000\"", "valeu = \"000\""),
    ]));
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = ["company.time_zone", "invoice.hold", "vat[10].rate", "dimension[1].value", "dimension[1].valeu"];
    assert_eq!(paths, expected);
}

#[test]
fn rules_behind_a_default_are_named_one_by_one() {
    let found = problems(&changed_text(&[("when = { country = \"NO\", tax_rate = 25 }\naccount", "account")]));
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [13, 14, 15, 16, 17].map(|index| format!("account[{index}].when"));
    assert_eq!(paths, expected);
}

#[test]
fn lines_without_vat_need_a_code_without_vat() {
    let found = problems(&changed_text(&[(
        "code = \"6\"                                 # outside of VAT\nrate = 0",
        "code = \"3\"\nrate = 25",
    )]));
    assert_eq!(found[0].path, "vat[0].rate");
    assert!(found[0].sentence.contains("carry no VAT"), "{}", found[0]);
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let found = problems("version = \"1\"\n[company\n");
    assert_eq!((found.len(), found[0].line, found[0].path.as_str()), (1, 2, ""));
    assert!(found[0].sentence.starts_with("this is not TOML"), "{}", found[0]);
    assert!(Mapping::parse("").is_err());
}

#[test]
fn the_version_is_the_files_own_and_a_fingerprint_of_what_it_says() {
    let default = Mapping::parse(DEFAULT).unwrap();
    let (own, fingerprint) = default.version().split_once('+').unwrap();
    assert_eq!((own, fingerprint.len()), ("1", 12));
    let commented = format!("# a note\r\n\n{}   \r\n", DEFAULT.replace('\n', "\r\n"));
    assert_eq!(Mapping::parse(&commented).unwrap().version(), default.version());
    assert_ne!(changed(&[("account = \"3060\"", "account = \"3061\"")]).version(), default.version());
    assert_ne!(changed(&[("version = \"1\"", "version = \"2\"")]).version(), default.version());
}
