//! Products of the shop, and the tax on them by country.
//!
//! SKUs say their kind and their tax class, so that a mapping can go by pattern (see [`super`] for the table).

use rust_decimal::Decimal;

use TaxClass::{Food, None as Untaxed, Standard, Transport};

/// A product tax class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum TaxClass {
    /// 25 % in Norway. Also the class of shipping.
    #[default]
    Standard,
    /// 15 % in Norway.
    Food,
    /// 12 % in Norway.
    Transport,
    /// No tax anywhere.
    None,
}

/// A tax rate. A rate of 0 leaves no trace in an order's tax details, so it needs no code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) code: &'static str,
    pub(super) percent: Decimal,
}

impl TaxClass {
    /// The rate for a customer in this country. `reverse_charge`: a business elsewhere, who pays the tax at home.
    pub(super) fn rate(self, country: &str, reverse_charge: bool) -> Rate {
        let (code, tenths) = match (self, country) {
            _ if reverse_charge && country != "NO" => ("", 0),
            (Self::Standard, "NO") => ("NO-MVA-25", 250),
            (Self::Standard, "SE") => ("SE-MOMS-25", 250),
            (Self::Standard, "DK") => ("DK-MOMS-25", 250),
            (Self::Standard, "FI") => ("FI-ALV-25.5", 255),
            (Self::Food, "NO") => ("NO-MVA-15", 150),
            (Self::Food, "SE") => ("SE-MOMS-12", 120),
            (Self::Food, "DK") => ("DK-MOMS-25-MAT", 250),
            (Self::Food, "FI") => ("FI-ALV-14", 140),
            (Self::Transport, "NO") => ("NO-MVA-12", 120),
            (Self::Transport, "SE") => ("SE-MOMS-6", 60),
            (Self::Transport, "FI") => ("FI-ALV-10", 100),
            _ => ("", 0),
        };
        Rate { code, percent: Decimal::new(tenths, 1) }
    }
}

/// How a product is sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ProductType {
    #[default]
    Simple,
    /// A simple one that was put into the cart from a grouped product.
    Grouped,
    Virtual,
    Downloadable,
    /// One simple product with a chosen option; the parent carries the money.
    Configurable,
    /// Its parts carry the money.
    BundleDynamic,
    /// The bundle carries the money.
    BundleFixed,
}

impl ProductType {
    /// `product_type` of an order item.
    pub(super) fn product_type(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Grouped => "grouped",
            Self::Virtual => "virtual",
            Self::Downloadable => "downloadable",
            Self::Configurable => "configurable",
            Self::BundleDynamic | Self::BundleFixed => "bundle",
        }
    }

    /// Needs no shipping.
    pub(super) fn is_virtual(self) -> bool {
        matches!(self, Self::Virtual | Self::Downloadable)
    }
}

/// A product. Prices are in øre of the website's base currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) sku: &'static str,
    pub(super) name: &'static str,
    pub(super) ore: i64,
    pub(super) class: TaxClass,
    /// Sold by weight: quantities have three decimals.
    pub(super) by_weight: bool,
}

const fn product(id: u64, sku: &'static str, name: &'static str, ore: i64, class: TaxClass) -> Product {
    Product { id, sku, name, ore, class, by_weight: false }
}

pub(super) const SIMPLE: [Product; 13] = [
    product(1, "S25-LAMPE", "Lampe Nord", 3333, Standard),
    product(2, "S25-SKIVE", "Skive M4", 5, Standard),
    product(3, "S25-KOPP", "Kopp, hvit", 1999, Standard),
    product(4, "S25-STOL", "Stol \"Fjell\"", 129900, Standard),
    product(5, "S25-BORD", "Bord, eik & ask", 349500, Standard),
    product(6, "S25-TREDJE", "Planke, tredjedel", 33333, Standard),
    product(7, "S25-PLEDD", "Pledd <ull>", 79900, Standard),
    product(8, "S15-KAFFE", "Kaffe, mørk", 1290, Food),
    product(9, "S15-SYLT", "Syltetøy", 777, Food),
    product(10, "S12-BUSS", "Bussbillett", 4500, Transport),
    product(11, "S12-KINO", "Kinobillett", 6061, Transport),
    product(12, "S0-BOK", "Bok om vinteren", 19900, Untaxed),
    product(13, "S0-ATLAS", "Atlas", 44900, Untaxed),
];
pub(super) const FISH: Product =
    Product { id: 14, sku: "S15-FISK", name: "Fisk, løs vekt", ore: 18990, class: Food, by_weight: true };
pub(super) const VIRTUAL: [Product; 2] = [
    product(16, "V25-SUPPORT", "Support, én time", 87550, Standard),
    product(17, "V25-KURS", "Kurs i ski", 149000, Standard),
];
pub(super) const DOWNLOADABLE: [Product; 2] =
    [product(25, "D25-EBOK", "E-bok", 14990, Standard), product(26, "D25-LYDBOK", "Lydbok", 22900, Standard)];
pub(super) const CONFIGURABLE: Product = product(21, "C25-GENSER", "Genser", 39900, Standard);
pub(super) const VARIANTS: [Product; 3] = [
    product(18, "C25-GENSER-S", "Genser S", 39900, Standard),
    product(19, "C25-GENSER-M", "Genser M", 39900, Standard),
    product(20, "C25-GENSER-L", "Genser L", 42900, Standard),
];
pub(super) const BUNDLE_DYNAMIC: Product = product(22, "BD-GAVE", "Gavepakke", 0, Standard);
pub(super) const BUNDLE_FIXED: Product = product(23, "BF-KIT", "Kit til fast pris", 29999, Standard);
