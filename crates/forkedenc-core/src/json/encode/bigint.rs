//! Integers past 64 bits as decimal text, in less than quadratic time.
//!
//! The binary number is split in halves again and again; each half's decimal form, limbs of nine digits, is joined by
//! one multiplication with the decimal form of the power of two between them (Karatsuba). The recursion is as deep as
//! the logarithm of the size.

/// One decimal limb holds nine digits.
const BASE: u64 = 1_000_000_000;
/// Below this many limbs a product is formed by the schoolbook.
const SCHOOLBOOK: usize = 40;
/// So many binary limbs are converted by repeated division.
const LEAF: usize = 32;

/// The decimal digits of a magnitude given in bytes, the lowest first.
#[must_use]
pub fn decimal_text(little_endian: &[u8]) -> String {
    let mut binary: Vec<u32> = little_endian
        .chunks(4)
        .map(|piece| piece.iter().rev().fold(0, |limb, &byte| limb << 8 | u32::from(byte)))
        .collect();
    trim(&mut binary);
    // Powers of two that the halves are apart: LEAF limbs, 2 * LEAF limbs, ...
    let mut powers: Vec<Vec<u32>> = Vec::new();
    let mut width = LEAF;
    while width < binary.len() {
        let next = match powers.last() {
            Some(last) => multiply(last, last),
            None => {
                let mut one = vec![0; LEAF + 1];
                one[LEAF] = 1;
                leaf(&one)
            }
        };
        powers.push(next);
        width *= 2;
    }
    let decimal = convert(&binary, &powers);
    let mut limbs = decimal.iter().rev();
    let mut text = limbs.next().map_or_else(|| String::from("0"), u32::to_string);
    text.reserve(limbs.len() * 9);
    for limb in limbs {
        let mut digits = [b'0'; 9];
        let mut rest = *limb;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text.extend(digits.iter().map(|&digit| char::from(digit)));
    }
    text
}

fn trim(limbs: &mut Vec<u32>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

/// `powers[i]` is two to the 32 * LEAF * 2^i, enough of them for the width of `binary`.
fn convert(binary: &[u32], powers: &[Vec<u32>]) -> Vec<u32> {
    let Some((power, smaller)) = powers.split_last() else { return leaf(binary) };
    let width = LEAF << smaller.len();
    if binary.len() <= width {
        return convert(binary, smaller);
    }
    let (low, high) = binary.split_at(width);
    let mut sum = multiply(&convert(high, smaller), power);
    add_at(&mut sum, &convert(low, smaller), 0);
    trim(&mut sum);
    sum
}

/// By repeated division; quadratic.
fn leaf(binary: &[u32]) -> Vec<u32> {
    let mut binary = binary.to_vec();
    trim(&mut binary);
    let mut decimal = Vec::new();
    while !binary.is_empty() {
        let mut rest = 0;
        for limb in binary.iter_mut().rev() {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / BASE) as u32;
            rest = value % BASE;
        }
        decimal.push(rest as u32);
        trim(&mut binary);
    }
    decimal
}

/// Adds decimal limbs to others from the `place`-th on; there is room for the sum.
fn add_at(sum: &mut Vec<u32>, other: &[u32], place: usize) {
    if sum.len() < place + other.len() + 1 {
        sum.resize(place + other.len() + 1, 0);
    }
    let mut carry = 0;
    for (index, slot) in sum[place..].iter_mut().enumerate() {
        let more = other.get(index).copied();
        if more.is_none() && carry == 0 {
            return;
        }
        let value = *slot + more.unwrap_or(0) + carry;
        carry = u32::from(value >= BASE as u32);
        *slot = value - carry * BASE as u32;
    }
    if carry != 0 {
        sum.push(carry);
    }
}

/// Subtracts decimal limbs; the difference is not negative.
fn subtract(from: &mut [u32], other: &[u32]) {
    let mut borrow = 0;
    for (index, slot) in from.iter_mut().enumerate() {
        let less = other.get(index).copied();
        if less.is_none() && borrow == 0 {
            return;
        }
        let take = less.unwrap_or(0) + borrow;
        borrow = u32::from(*slot < take);
        *slot = *slot + borrow * BASE as u32 - take;
    }
}

fn multiply(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    if short.len() < SCHOOLBOOK {
        return schoolbook(long, short);
    }
    if long.len() > 2 * short.len() {
        // In pieces as long as the shorter one.
        let mut product = Vec::with_capacity(long.len() + short.len() + 1);
        for (index, piece) in long.chunks(short.len()).enumerate() {
            add_at(&mut product, &multiply(piece, short), index * short.len());
        }
        trim(&mut product);
        return product;
    }
    let half = long.len().div_ceil(2);
    let (long_low, long_high) = long.split_at(half);
    let (short_low, short_high) = short.split_at(half.min(short.len()));
    let low = multiply(long_low, short_low);
    let high = multiply(long_high, short_high);
    let mut long_sum = long_low.to_vec();
    add_at(&mut long_sum, long_high, 0);
    trim(&mut long_sum);
    let mut short_sum = short_low.to_vec();
    add_at(&mut short_sum, short_high, 0);
    trim(&mut short_sum);
    let mut middle = multiply(&long_sum, &short_sum);
    subtract(&mut middle, &low);
    subtract(&mut middle, &high);
    trim(&mut middle);
    let mut product = low;
    product.resize(long.len() + short.len() + 1, 0);
    add_at(&mut product, &middle, half);
    add_at(&mut product, &high, 2 * half);
    trim(&mut product);
    product
}

fn schoolbook(long: &[u32], short: &[u32]) -> Vec<u32> {
    let mut product = vec![0; long.len() + short.len()];
    for (start, &factor) in short.iter().enumerate() {
        let mut carry = 0;
        for (slot, &limb) in product[start..].iter_mut().zip(long) {
            let value = u64::from(*slot) + u64::from(limb) * u64::from(factor) + carry;
            *slot = (value % BASE) as u32;
            carry = value / BASE;
        }
        product[start + long.len()] = carry as u32;
    }
    trim(&mut product);
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digit by digit.
    fn naive(little_endian: &[u8]) -> String {
        let mut digits = vec![0_u8];
        for &byte in little_endian.iter().rev() {
            let mut carry = u32::from(byte);
            for digit in &mut digits {
                let value = u32::from(*digit) * 256 + carry;
                *digit = (value % 10) as u8;
                carry = value / 10;
            }
            while carry > 0 {
                digits.push((carry % 10) as u8);
                carry /= 10;
            }
        }
        digits.iter().rev().map(|&digit| char::from(b'0' + digit)).collect()
    }

    #[test]
    fn numbers_of_every_width_are_what_digit_by_digit_gives() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for length in (0..200).chain([255, 256, 257, 511, 512, 513, 1000, 1024, 1025, 2100, 5000, 12_345]) {
            let random = (0..length).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            });
            for bytes in [random.collect(), vec![0xff; length], [vec![0; length], vec![1]].concat()] {
                assert_eq!(decimal_text(&bytes), naive(&bytes), "{length} bytes");
            }
        }
    }
}
