//! Seeded generator of orders in the shape that Adobe Commerce sends, just placed.
//!
//! A small Nordic shop: one website `base` (id 1) with base currency NOK, three store views. The same seed and number
//! make the same order, for ever. Money is exact: the header identity of every order holds to the last decimal, in
//! both currencies, while price × quantity misses it as often as in a real shop.
//!
//! | store id | code | currency | one NOK is | ships to |
//! | --- | --- | --- | --- | --- |
//! | 1 | `default` | NOK | 1 | NO |
//! | 2 | `se` | SEK | 0.9731 | SE |
//! | 3 | `eu` | EUR | 0.0853 | FI, DK, DE |
//!
//! | SKU | what | product type | tax class |
//! | --- | --- | --- | --- |
//! | `S25-*`, `S15-*`, `S12-*`, `S0-*` | goods; `S15-FISK` by weight | `simple`, `grouped` | 25, 15, 12, none |
//! | `C25-GENSER-S`, `-M`, `-L` | parent with money, child without | `configurable` + `simple` | 25 |
//! | `BD-GAVE` | dynamic bundle: children `S25-LAMPE`, `S15-SYLT` carry the money | `bundle` + `simple` | theirs |
//! | `BF-KIT` | fixed bundle: parent carries the money | `bundle` + `simple` | 25 |
//! | `V25-*` | services | `virtual` | 25 |
//! | `D25-*` | downloads | `downloadable` | 25 |
//!
//! Tax codes (`applied_taxes[].code`) by class, shipping is class 25: 25 → `NO-MVA-25`, `SE-MOMS-25`, `DK-MOMS-25`,
//! `FI-ALV-25.5`; 15 → `NO-MVA-15`, `SE-MOMS-12`, `DK-MOMS-25-MAT`, `FI-ALV-14`; 12 → `NO-MVA-12`, `SE-MOMS-6`,
//! `FI-ALV-10`. Everything else is 0 % and leaves no tax row: class none, Germany, transport in Denmark, and businesses
//! outside Norway (customer group 5).
//!
//! Customer groups: 0 guests, 1 general, 4 VIP, 5 businesses outside Norway. Payment methods: `checkmo`,
//! `banktransfer`, `purchaseorder` (businesses). Shipping: `flatrate_flatrate`, `freeshipping_freeshipping`. All
//! orders are `new` and `pending`; none has a total of zero.

mod basket;
mod catalogue;
pub mod dice;
mod item;
pub(crate) mod json;
mod order;
mod people;
mod promotion;
mod quote;
mod tax;

use rust_decimal::Decimal;

pub use people::Customer;
pub use quote::Quote;
pub use tax::{Algorithm, TaxHabits, TaxRules};

/// The body of `GET /V1/store/websites`.
pub const WEBSITES: &str = "[{\"id\":0,\"code\":\"admin\",\"name\":\"Admin\",\"default_group_id\":0},\
    {\"id\":1,\"code\":\"base\",\"name\":\"Nordic Shop\",\"default_group_id\":1}]";

/// The body of `GET /V1/store/storeViews`.
pub const STORE_VIEWS: &str = "[\
    {\"id\":0,\"code\":\"admin\",\"name\":\"Admin\",\"website_id\":0,\"store_group_id\":0,\"is_active\":1},\
    {\"id\":1,\"code\":\"default\",\"name\":\"Norge\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1},\
    {\"id\":2,\"code\":\"se\",\"name\":\"Sverige\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1},\
    {\"id\":3,\"code\":\"eu\",\"name\":\"Europe\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1}]";

/// The body of `GET /V1/store/storeConfigs`.
pub const STORE_CONFIGS: &str = "[\
    {\"id\":1,\"code\":\"default\",\"website_id\":1,\"locale\":\"nb_NO\",\"base_currency_code\":\"NOK\",\
    \"default_display_currency_code\":\"NOK\",\"timezone\":\"Europe/Oslo\",\"weight_unit\":\"kgs\"},\
    {\"id\":2,\"code\":\"se\",\"website_id\":1,\"locale\":\"sv_SE\",\"base_currency_code\":\"NOK\",\
    \"default_display_currency_code\":\"SEK\",\"timezone\":\"Europe/Stockholm\",\"weight_unit\":\"kgs\"},\
    {\"id\":3,\"code\":\"eu\",\"website_id\":1,\"locale\":\"en_US\",\"base_currency_code\":\"NOK\",\
    \"default_display_currency_code\":\"EUR\",\"timezone\":\"Europe/Berlin\",\"weight_unit\":\"kgs\"}]";

/// The customer groups, as `GET /V1/customerGroups/search` finds them.
#[must_use]
pub fn customer_groups() -> Vec<String> {
    let group = |(id, code, class, name): (u64, &str, u64, &str)| {
        let mut group = json::Object::new();
        group.integer("id", id).text("code", code).integer("tax_class_id", class).text("tax_class_name", name).end()
    };
    let groups = [
        (0, "NOT LOGGED IN", 3, "Retail Customer"),
        (1, "General", 3, "Retail Customer"),
        (4, "VIP", 3, "Retail Customer"),
        (5, "B2B EU", 7, "B2B EU"),
    ];
    groups.map(group).into()
}

/// Rates that Magento ships and that no tax rule uses: their ids.
const UNUSED: [u64; 2] = [1, 2];

/// The tax rules, as `GET /V1/taxRules/search` finds them: one that uses all rates of a recorded shop, or of this one
/// all but those that Magento ships.
#[must_use]
pub fn tax_rules(recorded: Option<&[(u64, String)]>) -> Vec<String> {
    let own = || (3..).zip(tax_rates()).map(|(id, _)| id).take(tax_rates().len() - UNUSED.len()).collect();
    let used: Vec<u64> = recorded.map_or_else(own, |rates| rates.iter().map(|(id, _)| *id).collect());
    let mut rule = json::Object::new();
    rule.integer("id", 1).text("code", "Nordic VAT").integer("priority", 0).integer("position", 0);
    rule.raw("customer_tax_class_ids", "[3]").raw("product_tax_class_ids", "[2]");
    let ids: Vec<String> = used.iter().map(u64::to_string).collect();
    vec![rule.raw("tax_rate_ids", &format!("[{}]", ids.join(","))).raw("calculate_subtotal", "false").end()]
}

/// The tax rates, as `GET /V1/taxRates/search` finds them. Here those of 0 % are there too, which orders do not show.
#[must_use]
pub fn tax_rates() -> Vec<String> {
    use catalogue::TaxClass::{Food, Standard, Transport};
    let mut rates: Vec<(catalogue::Rate, &str)> = Vec::new();
    for class in [Standard, Food, Transport] {
        for country in ["NO", "SE", "DK", "FI"] {
            let rate = class.rate(country, false);
            if !rate.code.is_empty() {
                rates.push((rate, country));
            }
        }
    }
    rates.push((catalogue::Rate { code: "DE-EXPORT-0", percent: Decimal::ZERO }, "DE"));
    let row = |(id, (rate, country)): (u64, (catalogue::Rate, &str))| {
        let mut row = json::Object::new();
        row.integer("id", id).text("tax_country_id", country).integer("tax_region_id", 0).text("tax_postcode", "*");
        row.decimal("rate", rate.percent).text("code", rate.code).raw("titles", "[]").end()
    };
    let shipped = [("US-CA-*-Rate 1", 825), ("US-NY-*-Rate 1", 8375)];
    let shipped = UNUSED.into_iter().zip(shipped).map(|(id, (code, digits))| {
        let places = if digits > 1000 { 3 } else { 2 };
        row((id, (catalogue::Rate { code, percent: Decimal::new(digits, places) }, "US")))
    });
    shipped.chain((3..).zip(rates).map(row)).collect()
}

/// A store view.
#[derive(Debug, PartialEq, Eq)]
struct Store {
    id: u64,
    name: &'static str,
    currency: &'static str,
    /// Ten-thousandths of the currency to one of the base currency.
    rate: i64,
}

impl Store {
    fn rate(&self) -> Decimal {
        Decimal::new(self.rate, 4).normalize()
    }
}

const NORWAY: Store = Store { id: 1, name: "Norge", currency: "NOK", rate: 10000 };
const SWEDEN: Store = Store { id: 2, name: "Sverige", currency: "SEK", rate: 9731 };
const EUROPE: Store = Store { id: 3, name: "Europe", currency: "EUR", rate: 853 };

fn store(id: u64) -> &'static Store {
    match id {
        2 => &SWEDEN,
        3 => &EUROPE,
        _ => &NORWAY,
    }
}

/// Where and when a cart becomes an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Its id in the database.
    pub entity_id: u64,
    /// The number that people see.
    pub increment_id: String,
    /// UTC, `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
}

/// A placed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id in the database.
    pub entity_id: u64,
    /// The number that people see.
    pub increment_id: String,
    /// The body of `GET /V1/orders/{id}`.
    pub text: String,
}

/// Draws customers and carts from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    seed: u64,
    habits: TaxHabits,
}

impl Generator {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, habits: TaxHabits::default() }
    }

    /// The same, in a shop with these habits.
    #[must_use]
    pub fn with_habits(self, habits: TaxHabits) -> Self {
        Self { habits, ..self }
    }

    /// The customer with this number, counted from 0.
    #[must_use]
    pub fn customer(&self, number: u64) -> Customer {
        Customer::draw(self.seed, number)
    }

    /// Which customer places order `turn` of `orders`, when `customers` place them: all of them come, as evenly
    /// spread as can be, and in between those who came before come again.
    #[must_use]
    pub fn customer_of(&self, turn: u64, orders: u64, customers: u64) -> u64 {
        if customers >= orders {
            return turn;
        }
        let come = |turn: u64| turn * customers / orders.max(1);
        let seen = come(turn);
        if come(turn + 1) > seen {
            return seen;
        }
        dice::mix(dice::mix(self.seed, 0x00C0_57E2), turn) % seen.max(1)
    }

    /// The cart with this number, filled by a customer.
    #[must_use]
    pub fn quote(&self, serial: u64, customer: u64) -> Quote {
        Quote::draw(self.seed, serial, self.customer(customer), self.habits)
    }
}
