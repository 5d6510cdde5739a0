//! Check digits of VAT numbers, by country, as the tax authorities publish them.

/// Verdict of the check digit on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// There may be such a number.
    Right,
    /// There is none.
    Wrong,
    /// No rule is known here.
    Unknown,
}

/// Letters of Spanish persons, by the number's remainder.
const SPANISH: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
/// Letters of Spanish companies, by the check digit.
const SPANISH_COMPANIES: &[u8] = b"JABCDEFGHI";
/// Letters of Irish numbers, by the remainder.
const IRISH: &[u8] = b"WABCDEFGHIJKLMNOPQRSTUV";
/// Value of each digit in an odd place of a Cypriot number.
const CYPRIOT: [u64; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];

/// Holds the check digit of a number of this country, without its prefix, against the others.
pub(super) fn digit(country: &str, number: &str) -> Check {
    let right = rule(country, number.as_bytes());
    right.map_or(Check::Unknown, |right| if right { Check::Right } else { Check::Wrong })
}

fn rule(country: &str, n: &[u8]) -> Option<bool> {
    let mod_11 = |weights: &[u64]| sum(n, weights) % 11;
    Some(match country {
        "NO" => mod_11(&[3, 2, 7, 6, 5, 4, 3, 2, 1]) == 0,
        "DK" => mod_11(&[2, 7, 6, 5, 4, 3, 2, 1]) == 0,
        "FI" => mod_11(&[7, 9, 10, 5, 8, 4, 2, 1]) == 0,
        "SE" | "IT" => luhn_of(n),
        "AT" => (96 - doubled(n.get(1..8)?)) % 10 == last(n)?,
        "BE" => whole(n, 0..8)?.checked_add(whole(n, 8..10)?)? % 97 == 0,
        "CY" => cypriot(n)?,
        "CZ" if n.len() == 8 => (11 - sum(n, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == last(n)?,
        "DE" | "HR" => iso_7064(n),
        "EE" => sum(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10),
        "EL" => mod_11(&[256, 128, 64, 32, 16, 8, 4, 2]) % 10 == last(n)?,
        "ES" => spanish(n)?,
        "FR" if n.first()?.is_ascii_digit() && n.get(1)?.is_ascii_digit() => {
            (12 + 3 * (whole(n, 2..11)? % 97)) % 97 == whole(n, 0..2)?
        }
        "GB" | "XI" if n.len() >= 9 => british(n)?,
        "HU" => sum(n, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        "IE" if n.get(1)?.is_ascii_digit() => irish(n)?,
        "LT" if n.len() == 9 => twice(n, &[1, 2, 3, 4, 5, 6, 7, 8], &[3, 4, 5, 6, 7, 8, 9, 1])?,
        "BG" if n.len() == 9 => twice(n, &[1, 2, 3, 4, 5, 6, 7, 8], &[3, 4, 5, 6, 7, 8, 9, 10])?,
        "LU" => whole(n, 0..6)? % 89 == whole(n, 6..8)?,
        "LV" if *n.first()? > b'3' => mod_11(&[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) == 3,
        "MT" => sum(n, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37),
        "NL" => mod_11(&[9, 8, 7, 6, 5, 4, 3, 2]) == n.get(8).map(value)? || dutch(n)?,
        "PL" => mod_11(&[6, 5, 7, 2, 3, 4, 5, 6, 7]) == last(n)?,
        "PT" => (11 - mod_11(&[9, 8, 7, 6, 5, 4, 3, 2])) % 11 % 10 == last(n)?,
        "RO" => romanian(n)?,
        "SI" => (11 - mod_11(&[8, 7, 6, 5, 4, 3, 2])) % 10 == last(n)? && mod_11(&[8, 7, 6, 5, 4, 3, 2]) != 0,
        "SK" => whole(n, 0..10)? % 11 == 0,
        _ => return None,
    })
}

/// True when the last digit makes the number right by Luhn's rule.
pub(super) fn luhn(number: &str) -> bool {
    luhn_of(number.as_bytes())
}

fn luhn_of(n: &[u8]) -> bool {
    let digits = n.iter().rev().map(value).enumerate();
    digits.map(|(place, digit)| if place % 2 == 1 { folded(2 * digit) } else { digit }).sum::<u64>().is_multiple_of(10)
}

/// Every second digit doubled, beginning with the second one.
fn doubled(n: &[u8]) -> u64 {
    let digits = n.iter().map(value).enumerate();
    digits.map(|(place, digit)| if place % 2 == 1 { folded(2 * digit) } else { digit }).sum()
}

fn folded(two_digits: u64) -> u64 {
    two_digits / 10 + two_digits % 10
}

/// ISO 7064, modulus 11 and 10.
fn iso_7064(n: &[u8]) -> bool {
    let Some((last, others)) = n.split_last() else { return false };
    let product = others.iter().fold(10, |product, digit| {
        let sum = (product + value(digit)) % 10;
        2 * if sum == 0 { 10 } else { sum } % 11
    });
    (11 - product) % 10 == value(last)
}

/// A second row of weights decides where the first leaves ten.
fn twice(n: &[u8], first: &[u64], second: &[u64]) -> Option<bool> {
    let rest = match sum(n, first) % 11 {
        10 => sum(n, second) % 11 % 10,
        rest => rest,
    };
    Some(rest == n.get(first.len()).map(value)?)
}

fn cypriot(n: &[u8]) -> Option<bool> {
    let digits = n.get(..8)?.iter().map(value).enumerate();
    let counted = |(place, digit)| match place % 2 {
        0 => CYPRIOT.get(usize::try_from(digit).ok()?).copied(),
        _ => Some(digit),
    };
    let sum: u64 = digits.map(counted).sum::<Option<u64>>()?;
    Some(b'A'.checked_add(u8::try_from(sum % 26).ok()?)? == *n.get(8)?)
}

/// Persons have a letter behind their number, foreigners one before it too; companies one before it, and a digit or a
/// letter behind.
fn spanish(n: &[u8]) -> Option<bool> {
    let (first, last) = (*n.first()?, *n.last()?);
    let person = match first {
        b'0'..=b'9' => Some(whole(n, 0..8)?),
        b'X'..=b'Z' => Some(u64::from(first - b'X') * 10_000_000 + whole(n, 1..8)?),
        b'K' | b'L' | b'M' => Some(whole(n, 1..8)?),
        _ => None,
    };
    if let Some(number) = person {
        return Some(SPANISH.get(usize::try_from(number % 23).ok()?) == Some(&last));
    }
    let check = |digit: &u8| folded(2 * value(digit));
    let digits = n.get(1..8)?;
    let odd: u64 = digits.iter().step_by(2).map(check).sum();
    let even: u64 = digits.iter().skip(1).step_by(2).map(value).sum();
    let digit = (10 - (odd + even) % 10) % 10;
    let letter = SPANISH_COMPANIES.get(usize::try_from(digit).ok()?);
    Some(if last.is_ascii_digit() { value(&last) == digit } else { letter == Some(&last) })
}

/// Three remainders are in use.
fn british(n: &[u8]) -> Option<bool> {
    let rest = (sum(n, &[8, 7, 6, 5, 4, 3, 2]) + whole(n, 7..9)?) % 97;
    Some(matches!(rest, 0 | 42 | 55))
}

fn irish(n: &[u8]) -> Option<bool> {
    let second = n.get(8).map_or(0, |letter| u64::from(letter - b'A') + 1);
    let second = if n.get(8) == Some(&b'W') { 0 } else { second };
    let rest = (sum(n, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second) % 23;
    Some(IRISH.get(usize::try_from(rest).ok()?) == n.get(7))
}

/// The newer rule, by which numbers of sole traders are made: the whole number, letters as 10 to 35, over 97.
fn dutch(n: &[u8]) -> Option<bool> {
    let rest = [b'N', b'L'].iter().chain(n).fold(0, |rest: u64, place| match place {
        b'0'..=b'9' => (rest * 10 + value(place)) % 97,
        letter => (rest * 100 + u64::from(letter.saturating_sub(b'A')) + 10) % 97,
    });
    Some(rest == 1)
}

fn romanian(n: &[u8]) -> Option<bool> {
    let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
    let weights = weights.get(weights.len().checked_sub(n.len().checked_sub(1)?)?..)?;
    Some(sum(n, weights) * 10 % 11 % 10 == last(n)?)
}

/// Digits times weights, in the order of both, as far as both reach.
fn sum(n: &[u8], weights: &[u64]) -> u64 {
    n.iter().zip(weights).map(|(digit, weight)| value(digit) * weight).sum()
}

/// The number that some digits make.
fn whole(n: &[u8], places: std::ops::Range<usize>) -> Option<u64> {
    std::str::from_utf8(n.get(places)?).ok()?.parse().ok()
}

fn last(n: &[u8]) -> Option<u64> {
    n.last().map(value)
}

fn value(digit: &u8) -> u64 {
    u64::from(digit.saturating_sub(b'0'))
}
