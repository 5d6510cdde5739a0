//! Mapping files that cannot be used, and what is said about them.

use mapping::{DEFAULT, Mapping, Problem};

use crate::support::{changed, changed_text, every_order, recorded};

fn problems(text: &str) -> Vec<Problem> {
    Mapping::parse(text).expect_err("this file should not load").0
}

/// A text that is replaced in the default file, its replacement, where the problem is, and words that its sentence must
/// have.
type Case = (&'static str, &'static str, &'static str, &'static str);

const UNKNOWN: [Case; 7] = [
    ("pin_vat = true", "pin_vat = true\npin_vta = true", "totals.pin_vta", "did you mean `pin_vat`?"),
    ("[invoice]", "[invoce]\nhold = true\n[invoice]", "invoce", "did you mean `invoice`?"),
    (FPT, "when = { line = \"fpt\", skuu = \"A*\" }", "account[5].when.skuu", "did you mean `sku`?"),
    (FPT, "when = { line = \"ftp\" }", "account[5].when.line", "did you mean `fpt`?"),
    ("vat_on = \"document\"", "vat_on = \"documents\"", "totals.vat_on", "did you mean `document`?"),
    ("# [[branch]]", "[[branch]]\nwhen = { sku = \"A\" }\nbranch = \"1\"\n#", "branch[1].when.sku", "not known"),
    ("segment = 1", "segment = 1\nbrand = 2", "dimension[1].brand", "not known"),
];

const TYPES: [Case; 12] = [
    ("hold = true", "hold = \"yes\"", "invoice.hold", "`true` or `false` is expected here, not the text \"yes\""),
    ("pin_vat = true", "pin_vat = \"yes\"", "totals.pin_vat", "`true`, `false` or `\"try\"` is expected here"),
    ("pin_vat = true", "pin_vat = 1", "totals.pin_vat", "`true`, `false` or `\"try\"` is expected here"),
    ("rounding_limit = 0.50", "rounding_limit = \"0.50\"", "totals.rounding_limit", "a number is expected"),
    (
        "account = \"3060\"",
        "account = 3060",
        "account[11].account",
        "a text in quotes is expected here, not the number 3060",
    ),
    ("account = \"3060\"", "account = \"\"", "account[11].account", "not an empty text"),
    (FPT, "when = \"fpt\"", "account[5].when", "a table is expected here"),
    (FPT, "when = { line = \"fpt\", tax_rate = \"25\" }", "account[5].when.tax_rate", "a number or a list of numbers"),
    (FPT, "when = { line = \"fpt\", customer_group = -1 }", "account[5].when.customer_group", "a whole number"),
    (FPT, "when = { line = [] }", "account[5].when.line", "an empty list never matches anything"),
    ("segment = 2", "segment = 1.5", "dimension[2].segment", "a whole number"),
    ("[company]", "store = 4\n[company]", "store", "a list of tables `[[store]]` is expected"),
];

const MISSING: [Case; 8] = [
    ("version = \"1\"", "", "version", "this key is missing"),
    ("account = \"3060\"", "", "account[11].account", "this key is missing"),
    (GIFT, "when = { product_type = \"giftcard\" }\ncode = \"6\"", "vat[2].rate", "this key is missing"),
    (GIFT, "when = { product_type = \"giftcard\" }\nrate = 0", "vat[2].code", "this key is missing"),
    ("pin_vat = true\n", "\n", "totals.pin_vat", "this key is missing"),
    ("reference_prefix = \"WEB-\" ", "# ", "invoice.reference_prefix", "this key is missing"),
    ("guests = \"each\" ", "guests = \"collective\" #", "customer.collective_number", "is missing"),
    (
        "# [[tax_class]]",
        "[[tax_class]]\nname = \"food\"\n#",
        "tax_class[1].tax_codes",
        "by tax_codes, by skus, or by both",
    ),
];

const FEE: &str = "amount = \"/extension_attributes/dibs_invoice_fee\"";

const WRONG: [Case; 29] = [
    ("[currency.GBP]", "[currency.GBP]\nrounding_limit = -1", "currency.GBP.rounding_limit", "cannot be negative"),
    (FEE, "amount = \"dibs_invoice_fee\"", "fee[6].amount", "a JSON pointer is expected"),
    (FEE, "amount = \"x/extension_attributes/fee\"", "fee[6].amount", "begins with a slash"),
    (FEE, "amount = \"/items/0/fee\"", "fee[6].amount", "does not stand inside of `items`"),
    (FEE, "amount = \"/extension_attributes/svea_invoice_fee\"", "fee[6].amount", "a fee of a rule above"),
    (FEE, "amount = \"/fee\"\nincludes_tax = true", "fee[6].includes_tax", "only where `tax` names a field"),
    ("rounding_limit = 0.50", "rounding_limit = -1", "totals.rounding_limit", "a limit cannot be negative"),
    ("vat_limit = 0.05", "vat_limit = -1", "totals.vat_limit", "a limit cannot be negative"),
    ("\"swish*\"", "\"swi[sh\"", "payment.methods", "`swi[sh` is no pattern"),
    ("\"Europe/Oslo\"", "\"Oslo\"", "company.time_zone", "`Oslo` is no IANA time zone"),
    ("[currency.GBP]", "[currency.pound]", "currency.pound", "three capital letters"),
    ("[currency.GBP]", "[currency.GBP]\ndecimals = 5", "currency.GBP.decimals", "more than 4 decimals"),
    ("# collective_number", "collective_number", "customer.collective_number", "only with guests = \"collective\""),
    (
        GIFT,
        "when = { product_type = \"giftcard\", tax_rate = 12 }\ncode = \"6\"\nrate = 0",
        "vat[2].rate",
        "for 12 % in the shop",
    ),
    ("12 = \"33\"", "12 = \"31\"", "vat_codes.NO.12", "VAT code 31 has 15 % in a rule above"),
    ("12 = \"33\"", "12 = 33", "vat_codes.NO.12", "a text in quotes is expected here, not the number 33"),
    ("12 = \"33\"", "high = \"33\"", "vat_codes.NO.high", "`high` is no rate"),
    ("12 = \"33\"", "\"25.0\" = \"33\"", "vat_codes.NO.25.0", "25 % stands here twice"),
    ("\"25.5\" = ", "25.5 = ", "vat_codes.FI.25", "a rate with a point stands in quotes"),
    ("[vat_codes.DK]", "[vat_codes.DNK]", "vat_codes.DNK", "two capital letters"),
    ("12 = \"33\"", "101 = \"33\"", "vat_codes.NO.101", "no VAT rate"),
    (GIFT, "when = { line = \"fee\" }\ncode = \"99\"\nrate = 101", "vat[2].rate", "no VAT rate"),
    (
        GIFT,
        "when = { line = \"reward\", store = \"x\" }\ncode = \"6\"\nrate = 0",
        "vat[2].when.store",
        "no [[store]] has the code `x`",
    ),
    (FPT, "when = { line = \"fpt\", website = 1 }", "account[5].when.website", "no [[store]] belongs to website 1"),
    (FPT, "when = { line = \"fpt\", tax_class = \"food\" }", "account[5].when.tax_class", "no [[tax_class]] is called"),
    (FPT, "when = { line = \"gift_card\", sku = \"A\" }", "account[5].when", "is never reached"),
    ("segment = 2", "segment = 0", "dimension[2].segment", "numbered from 1"),
    ("line = \"rounding\" }\naccount", "line = \"item\", sku = \"X\" }\naccount", "account", "line = \"rounding\""),
    (
        "# [[store]]",
        "[[store]]\nid = 1\ncode = \"a\"\n[[store]]\nid = 1\ncode = \"b\"\n#",
        "store[2].id",
        "listed twice",
    ),
];

/// The VAT rule of gift cards that are sold.
const GIFT: &str = "when = { product_type = \"giftcard\", tax_rate = 0 }\ncode = \"6\"\nrate = 0";
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
    let unknown = found.iter().find(|problem| problem.path == "account[11].acount").unwrap();
    assert!(text.lines().nth(unknown.line - 1).unwrap().starts_with("acount = "), "{unknown}");
    assert_eq!(unknown.nearest.as_deref(), Some("account"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_from_top_to_bottom() {
    let found = problems(&changed_text(&[
        ("time_zone = \"Europe/Oslo\"", "time_zone = \"Mars\""),
        ("hold = true", "hold = 1"),
        ("\"25.5\" = \"FI255\"", "\"25.5\" = 255"),
        ("value = \"000\"", "valeu = \"000\""),
    ]));
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected =
        ["company.time_zone", "invoice.hold", "vat_codes.FI.25.5", "dimension[2].value", "dimension[2].valeu"];
    assert_eq!(paths, expected);
}

#[test]
fn rules_behind_a_default_are_named_one_by_one() {
    let found = problems(&changed_text(&[("when = { country = \"NO\", tax_rate = 25 }\naccount", "account")]));
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [14, 15, 16, 17, 18].map(|index| format!("account[{index}].when"));
    assert_eq!(paths, expected);
}

#[test]
fn lines_without_vat_need_a_code_without_vat() {
    let found = problems(&changed_text(&[(
        "when = { line = \"outside_vat\" }\ncode = \"6\"\nrate = 0",
        "when = { line = \"outside_vat\" }\ncode = \"3\"\nrate = 25",
    )]));
    assert_eq!(found[0].path, "vat[1].rate");
    assert!(found[0].sentence.contains("carry no VAT"), "{}", found[0]);
}

#[test]
fn a_place_is_called_as_people_count() {
    let second = GIFT.replace("rate = 0", "rate = 12");
    let found = problems(&changed_text(&[(GIFT, &second.replace(", tax_rate = 0", ""))]));
    let line = changed_text(&[]).lines().position(|line| line.contains("\"giftcard\", tax_rate")).unwrap() + 3;
    let told = format!("line {line}: the 2nd [[vat]] rule, `rate`: VAT code 6 has 0 % in a rule above");
    assert_eq!(found[0].to_string(), told);
    let found = problems(&changed_text(&[("12 = \"33\"", "12 = \"31\"")]));
    assert!(found[0].to_string().contains(": `vat_codes.NO.12`: VAT code 31 "), "{}", found[0]);
}

/// The long form of the default file's VAT ids: each rate of a country a rule of its own, kinds of lines spelled out.
#[test]
fn files_that_spell_everything_out_mean_the_same() {
    let kinds = "[\"item\", \"shipping\", \"discount\", \"fpt\", \"gift_wrap\", \"fee\"]";
    let outside =
        "[\"gift_card\", \"store_credit\", \"reward\", \"adjustment_refund\", \"adjustment_fee\", \"rounding\"]";
    let (rules, after) = DEFAULT.split_once("[vat_codes.NO]").unwrap();
    let (_, after) = after.split_once("# Dimension segments").unwrap();
    let mut text = rules.replace("\"outside_vat\" }", &format!("{outside} }}"));
    for (country, rate, code) in [
        ("NO", "25", "3"),
        ("NO", "15", "31"),
        ("NO", "12", "33"),
        ("NO", "0", "5"),
        ("SE", "25", "SE25"),
        ("SE", "12", "SE12"),
        ("SE", "6", "SE06"),
        ("DK", "25", "DK25"),
        ("FI", "25.5", "FI255"),
        ("FI", "14", "FI14"),
        ("FI", "10", "FI10"),
    ] {
        let when = format!("when = {{ line = {kinds}, country = \"{country}\", tax_rate = {rate} }}");
        text += &format!("[[vat]]\n{when}\ncode = \"{code}\"\nrate = {rate}\n");
    }
    text += &format!("[[vat]]\nwhen = {{ line = {kinds}, tax_rate = 0 }}\ncode = \"52\"\nrate = 0\n# {after}");
    let (long, short) = (Mapping::parse(&text).unwrap(), Mapping::parse(DEFAULT).unwrap());
    let mut booked = 0;
    for (name, text) in recorded() {
        let order = commerce::order::Order::decode(text.as_bytes()).unwrap();
        let decided = [&long, &short].map(|mapping| mapping::order(&order, mapping, &every_order()));
        assert_eq!(format!("{:?}", decided[0]), format!("{:?}", decided[1]), "{name}");
        booked += usize::from(matches!(decided[0], Ok(mapping::Decision::Book(_))));
    }
    assert!(booked > 20, "{booked}");
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
