//! The default company: small, Norwegian, and selling to the Nordic countries.
//!
//! Accounts are after the standard chart NS 4102, VAT ids after SAF-T's standard codes. The codes of foreign rates
//! stand beside those of its own, as a company has them that sells under the EU's One Stop Shop.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::chart::{
    Account, AccountType, Branch, CashAccount, Chart, CreditTerms, Currency, CustomerClass, PaymentMethod, Segment,
    SegmentValue, Supplier, Vat, VatZone,
};

impl Default for Chart {
    fn default() -> Self {
        Self {
            branches: vec![Branch {
                number: "1".to_owned(),
                name: "Nordlys Handel AS".to_owned(),
                corporate_id: "999888777".to_owned(),
            }],
            accounts: accounts(),
            vats: vats(),
            vat_zones: vec![
                zone("01", "Innenlands", "3"),
                zone("02", "Utenlands EU", "52"),
                zone("03", "Utenlands", "52"),
            ],
            segments: vec![
                segment(1, "Avdeling", &[("00", "Felles"), ("10", "Nettbutikk"), ("20", "Butikk")]),
                segment(2, "Kanal", &[("000", "Ingen"), ("100", "Adobe Commerce"), ("200", "Marked")]),
            ],
            credit_terms: vec![terms("00", "Kontant", 0), terms("14", "14 dager", 14), terms("30", "30 dager", 30)],
            currencies: vec![
                currency("NOK", "Norske kroner", 2, Decimal::ONE),
                currency("SEK", "Svenske kroner", 2, Decimal::new(10_276_436, 7)),
                currency("EUR", "Euro", 2, Decimal::new(117_233_294, 7)),
                currency("DKK", "Danske kroner", 2, Decimal::new(15_718_000, 7)),
                currency("USD", "US dollar", 2, Decimal::new(101_350_000, 7)),
                currency("GBP", "Pund sterling", 2, Decimal::new(133_900_000, 7)),
                currency("JPY", "Yen", 0, Decimal::new(650_000, 7)),
            ],
            customer_classes: vec![
                class("1", "Standard", Some("01")),
                class("WEB", "Nettbutikk", Some("01")),
                class("B2B", "Bedrifter", Some("01")),
                class("EU", "Kunder i EU", None),
            ],
            items: vec!["FRAKT".to_owned(), "DIVERSE".to_owned()],
            payment_methods: vec![payment_method("10", "Bankoverføring"), payment_method("20", "Kort og lommebok")],
            cash_accounts: vec![
                cash_account("1570", "Oppgjør kort", None),
                cash_account("1571", "Oppgjør Vipps", None),
                cash_account("1572", "Oppgjør Klarna", None),
                cash_account("1920", "Bank", Some("NOK")),
            ],
            suppliers: vec![
                supplier(1, "50000", "Nordisk Lær AS", "NOK"),
                supplier(2, "50001", "Fjell Tekstil AB", "SEK"),
                supplier(3, "50002", "Huseier AS", "NOK"),
            ],
            attributes: vec!["MAGENTOID".to_owned()],
        }
    }
}

fn accounts() -> Vec<Account> {
    use AccountType::{Asset, Expense, Income, Liability};
    let plain = [
        ("1570", Asset, "Oppgjør kort"),
        ("1571", Asset, "Oppgjør Vipps"),
        ("1572", Asset, "Oppgjør Klarna"),
        ("1579", Asset, "Andre kortsiktige fordringer"),
        ("1920", Asset, "Bank"),
        ("2700", Liability, "Utgående mva høy sats"),
        ("2701", Liability, "Utgående mva middels sats"),
        ("2702", Liability, "Utgående mva lav sats"),
        ("2705", Liability, "Utgående mva utland (OSS)"),
        ("2900", Liability, "Forskudd fra kunder"),
        ("2910", Liability, "Gavekort"),
        ("2915", Liability, "Tilgodelapper"),
        ("2920", Liability, "Bonuspoeng"),
        ("3000", Income, "Salgsinntekt høy sats"),
        ("3010", Income, "Salgsinntekt middels sats"),
        ("3020", Income, "Salgsinntekt lav sats"),
        ("3030", Income, "Salgsinntekt utland (OSS)"),
        ("3050", Income, "Rabatter"),
        ("3060", Income, "Fraktinntekt"),
        ("3100", Income, "Salgsinntekt avgiftsfri"),
        ("3110", Income, "Salgsinntekt eksport"),
        ("3200", Income, "Salgsinntekt utenfor avgiftsområdet"),
        ("3900", Income, "Annen driftsrelatert inntekt"),
        ("3950", Income, "Innpakning"),
        ("3990", Income, "Miljøgebyr"),
        ("4300", Expense, "Innkjøp av varer for videresalg"),
        ("6300", Expense, "Leie lokale"),
        ("7740", Expense, "Øreavrunding"),
        ("7745", Expense, "Øreavrunding avgiftsfri"),
    ];
    let account = |(number, kind, description): (&str, AccountType, &str)| Account {
        number: number.to_owned(),
        kind,
        description: description.to_owned(),
        active: true,
        control_module: None,
    };
    let mut accounts: Vec<Account> = plain.into_iter().map(account).collect();
    let control = |number, kind, description, module: &str| Account {
        control_module: Some(module.to_owned()),
        ..account((number, kind, description))
    };
    accounts.push(control("1500", Asset, "Kundefordringer", "AR"));
    accounts.push(control("2400", Liability, "Leverandørgjeld", "AP"));
    accounts.push(Account { active: false, ..account(("3099", Income, "Salgsinntekt (utgått)")) });
    accounts
}

fn vats() -> Vec<Vat> {
    let vat = |id: &str, description: &str, rate: Decimal| Vat {
        id: id.to_owned(),
        description: description.to_owned(),
        rate,
        not_valid_after: None,
        exempt: rate.is_zero(),
        input: false,
    };
    let input = |id: &str, description: &str, rate: Decimal| Vat { input: true, ..vat(id, description, rate) };
    let percent = Decimal::from;
    vec![
        input("1", "Inngående mva 25 %", percent(25)),
        input("11", "Inngående mva 15 %", percent(15)),
        input("13", "Inngående mva 12 %", percent(12)),
        vat("3", "Utgående mva 25 %", percent(25)),
        vat("31", "Utgående mva 15 %", percent(15)),
        vat("33", "Utgående mva 12 %", percent(12)),
        vat("5", "Avgiftsfritt salg innenlands", Decimal::ZERO),
        vat("52", "Avgiftsfri utførsel", Decimal::ZERO),
        vat("6", "Utenfor merverdiavgiftsloven", Decimal::ZERO),
        vat("SE25", "OSS Sverige 25 %", percent(25)),
        vat("SE12", "OSS Sverige 12 %", percent(12)),
        vat("SE06", "OSS Sverige 6 %", percent(6)),
        vat("DK25", "OSS Danmark 25 %", percent(25)),
        vat("FI255", "OSS Finland 25,5 %", Decimal::new(255, 1)),
        vat("FI14", "OSS Finland 14 %", percent(14)),
        vat("FI10", "OSS Finland 10 %", percent(10)),
        Vat {
            not_valid_after: Some(Date::constant(2024, 8, 31)),
            ..vat("FI24", "OSS Finland 24 % (utgått)", percent(24))
        },
    ]
}

fn zone(id: &str, description: &str, default_vat: &str) -> VatZone {
    VatZone {
        id: id.to_owned(),
        description: description.to_owned(),
        default_vat: default_vat.to_owned(),
        vats: Vec::new(),
    }
}

fn segment(id: i64, description: &str, values: &[(&str, &str)]) -> Segment {
    let value = |(id, description): &(&str, &str)| SegmentValue {
        id: (*id).to_owned(),
        description: (*description).to_owned(),
        active: true,
    };
    Segment {
        id,
        description: description.to_owned(),
        length: values.first().map_or(0, |(id, _)| id.len()),
        validate: true,
        values: values.iter().map(value).collect(),
    }
}

fn terms(id: &str, description: &str, days: u16) -> CreditTerms {
    CreditTerms { id: id.to_owned(), description: description.to_owned(), days }
}

fn currency(id: &str, description: &str, decimals: u32, rate: Decimal) -> Currency {
    Currency { id: id.to_owned(), description: description.to_owned(), decimals, rate }
}

fn class(id: &str, description: &str, vat_zone: Option<&str>) -> CustomerClass {
    CustomerClass {
        id: id.to_owned(),
        description: description.to_owned(),
        credit_terms: "14".to_owned(),
        vat_zone: vat_zone.map(str::to_owned),
        requires_vat_zone: true,
        payment_method: "10".to_owned(),
    }
}

fn payment_method(id: &str, description: &str) -> PaymentMethod {
    PaymentMethod { id: id.to_owned(), description: description.to_owned(), active: true }
}

fn cash_account(number: &str, description: &str, currency: Option<&str>) -> CashAccount {
    CashAccount {
        number: number.to_owned(),
        description: description.to_owned(),
        currency: currency.map(str::to_owned),
        methods: Vec::new(),
    }
}

fn supplier(internal_id: u64, number: &str, name: &str, currency: &str) -> Supplier {
    Supplier {
        internal_id,
        number: number.to_owned(),
        name: name.to_owned(),
        corporate_id: format!("98765432{internal_id}"),
        currency: currency.to_owned(),
    }
}
