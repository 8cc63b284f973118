//! What the hot path does with bytes most often: finding the end of a JSON string's plain part, and
//! comparing and appending short pieces.
//!
//! The one module with `unsafe`: vector loads of arrays that are borrowed, and a prefetch. Every
//! way of doing a thing is tested against the plain one, and the fuzzers run over all of them under
//! `AddressSanitizer`.

/// How many bytes one step of a search sees: with SSE2, which every `x86_64` has, with NEON, which
/// `aarch64` on Linux has, or by arithmetic on two words.
const STEP: usize = 16;

/// The offset, at or after `at`, of the first byte that can't stand for itself in a JSON string: a
/// quote, a backslash or a control character; else the end.
#[inline(always)]
pub(crate) fn find_special(input: &[u8], at: usize) -> usize {
    let Some(chunk) = ahead(input, at) else { return find_special_near_end(input, at) };
    let before = plain_before(chunk);
    if before < STEP { at + before } else { find_special_further(input, at + STEP) }
}

/// The next `N` bytes.
#[inline(always)]
pub(crate) fn ahead<const N: usize>(input: &[u8], at: usize) -> Option<&[u8; N]> {
    input.get(at..)?.first_chunk()
}

/// Goes on where sixteen bytes were plain. After 64 bytes the string is likely a long one, such as
/// an event's `data`.
#[inline(never)]
fn find_special_further(input: &[u8], mut at: usize) -> usize {
    for steps in 1.. {
        let Some(chunk) = ahead(input, at) else { break };
        let before = plain_before(chunk);
        at += before;
        if before < STEP {
            return at;
        }
        if steps == 3 {
            at += plain_before_far(&input[at..]);
        }
    }
    find_special_near_end(input, at)
}

/// How many bytes of a long string can be stepped over: with AVX2, where this processor has it, or
/// NEON, 64 at once. With AVX2 that takes a fifth of the time.
#[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
fn plain_before_far(input: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code)]
        // SAFETY: this processor has AVX2.
        return unsafe { plain_before_avx2(input) };
    }
    let _ = input;
    0
}

/// How many bytes at the beginning stand for themselves, up to the last whole 64 of them.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
fn plain_before_avx2(input: &[u8]) -> usize {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8,
    };
    let special = |bytes: __m256i| {
        let quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'"' as i8));
        let backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'\\' as i8));
        let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
        _mm256_or_si256(_mm256_or_si256(quote, backslash), control)
    };
    let chunks = input.as_chunks::<64>().0;
    for (before, chunk) in chunks.iter().enumerate() {
        // SAFETY: both loads together read the 64 bytes that `chunk` borrows, at any alignment.
        let (low, high) = unsafe {
            let from = chunk.as_ptr();
            (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast()))
        };
        let (low, high) = (special(low), special(high));
        if _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0 {
            let low = _mm256_movemask_epi8(low) as u32;
            let high = _mm256_movemask_epi8(high) as u32;
            let hits = u64::from(low) | u64::from(high) << 32;
            return before * 64 + hits.trailing_zeros() as usize;
        }
    }
    chunks.len() * 64
}

/// How many bytes at the beginning stand for themselves, up to the last whole 64 of them.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
fn plain_before_far(input: &[u8]) -> usize {
    use std::arch::aarch64::{vmaxvq_u8, vorrq_u8};
    let chunks = input.as_chunks::<64>().0;
    for (before, chunk) in chunks.iter().enumerate() {
        let quarters: &[[u8; STEP]; 4] = chunk.as_chunks().0.try_into().expect("64 are 4 of 16");
        let [a, b, c, d] = quarters.each_ref().map(special_lanes);
        #[allow(unsafe_code)]
        // SAFETY: NEON is part of this target.
        let is_plain = unsafe { vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) == 0 };
        if !is_plain {
            let hits = specials_ahead(chunk, 0).unwrap_or_default();
            return before * 64 + hits.trailing_zeros() as usize;
        }
    }
    chunks.len() * 64
}

/// The same where fewer bytes are left than a step sees: by the last sixteen, of which some have
/// been seen.
#[inline(never)]
fn find_special_near_end(input: &[u8], at: usize) -> usize {
    let Some(last) = input.last_chunk::<STEP>() else {
        let is_plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
        return at + input[at..].iter().take_while(is_plain).count();
    };
    let seen = at - (input.len() - STEP);
    match specials(last) >> seen {
        0 => input.len(),
        hits => at + hits.trailing_zeros() as usize,
    }
}

/// How many digits the text at `at` begins with, as far as eight bytes a step show it.
#[inline(always)]
pub(crate) fn digits_ahead(input: &[u8], at: usize) -> usize {
    let mut count = 0;
    while let Some(chunk) = ahead::<8>(input, at + count) {
        let digits = non_digits(u64::from_le_bytes(*chunk)).trailing_zeros() as usize / 8;
        count += digits;
        if digits < 8 {
            return count;
        }
    }
    count + input[at + count..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The high bits of the bytes that are no digits; above the first such byte they have no meaning.
#[inline(always)]
fn non_digits(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let values = word ^ (ONES * 0x30);
    (values.wrapping_add(ONES * 0x76) | values) & (ONES << 7)
}

/// The value of eight digits, the first the highest: pairs, then fours, then all of them at once
/// (<https://kholdstare.github.io/technical/2020/05/26/faster-integer-parsing.html>).
#[inline(always)]
pub(crate) fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(text);
    if non_digits(word) != 0 {
        return None;
    }
    let digits = word & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xFFFF_FFFF)
}

/// Asks for the first bytes of what is needed soon. By the time a record is read, its data has left
/// the nearer caches: the event was read through in between.
#[inline(always)]
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64).take(PREFETCHED_LINES) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[allow(unsafe_code)]
        // SAFETY: SSE is part of x86_64, and a prefetch changes nothing that a program can see.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// Enough for most records; of longer ones the processor itself sees what comes next.
#[cfg(target_arch = "x86_64")]
const PREFETCHED_LINES: usize = 32;

/// Whether `len` bytes at `start` of `bytes` are `text`. Where sixteen bytes are there on both
/// sides, one comparison of a word does it; a call of `memcmp` takes several.
#[inline(always)]
pub(crate) fn equal_at(
    bytes: &[u8],
    start: usize,
    text: &[u8],
    text_start: usize,
    len: usize,
) -> bool {
    if len <= 16
        && let (Some(a), Some(b)) = (ahead::<16>(bytes, start), ahead::<16>(text, text_start))
    {
        let differing = u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b);
        return len == 0 || differing << (128 - 8 * len) == 0;
    }
    bytes[start..start + len] == text[text_start..text_start + len]
}

/// What [`append_from`] copies at once.
pub(crate) const PIECE: usize = 32;

/// Appends `len` bytes that begin at `start` of `bytes`. Where [`PIECE`] bytes are there all are
/// copied, and those behind `len` forgotten: two stores and no branch on the length, where a call
/// of `memcpy` takes several.
#[inline(always)]
pub(crate) fn append_from(bytes: &[u8], start: usize, len: usize, out: &mut Vec<u8>) {
    if len <= PIECE
        && let Some(piece) = ahead::<PIECE>(bytes, start)
    {
        let end = out.len() + len;
        out.extend_from_slice(piece);
        out.truncate(end);
    } else {
        out.extend_from_slice(&bytes[start..start + len]);
    }
}

/// A text that is appended often.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The text, and as much behind it as [`append_from`] copies.
    padded: Box<[u8]>,
    len: usize,
}

impl Piece {
    pub(crate) fn new(text: &str) -> Piece {
        let mut padded = text.as_bytes().to_vec();
        padded.resize(text.len() + PIECE, 0);
        Piece { padded: padded.into(), len: text.len() }
    }

    #[inline(always)]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        append_from(&self.padded, 0, self.len, out);
    }
}

/// How many bytes at the beginning stand for themselves.
#[inline(always)]
fn plain_before(chunk: &[u8; STEP]) -> usize {
    (specials(chunk) | 1 << STEP).trailing_zeros() as usize
}

/// Of the next 64 bytes, a bit for each that can't stand for itself in a JSON string, the lowest
/// for the first.
#[inline(always)]
pub(crate) fn specials_ahead(input: &[u8], at: usize) -> Option<u64> {
    let quarters = ahead::<64>(input, at)?.as_chunks::<STEP>().0;
    let bits = |at: usize| u64::from(specials(&quarters[at])) << (at * STEP);
    Some(bits(0) | bits(1) | bits(2) | bits(3))
}

/// A bit for each byte that can't stand for itself, the lowest for the first.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn specials(chunk: &[u8; STEP]) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    // SAFETY: SSE2 is part of x86_64, and the load reads the sixteen bytes that `chunk` borrows, at
    // any alignment.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast());
        let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
        let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
    }
}

/// A bit for each byte that can't stand for itself, the lowest for the first.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(always)]
#[allow(unsafe_code)]
fn specials(chunk: &[u8; STEP]) -> u32 {
    use std::arch::aarch64::{vaddv_u8, vandq_u8, vget_high_u8, vget_low_u8, vld1q_u8};
    // Each lane keeps its own bit of eight, and the sum of eight lanes has them all.
    const BITS: [u8; STEP] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    let lanes = special_lanes(chunk);
    // SAFETY: NEON is part of this target, and the load reads the sixteen bytes of a constant.
    unsafe {
        let bits = vandq_u8(lanes, vld1q_u8(BITS.as_ptr()));
        u32::from(vaddv_u8(vget_low_u8(bits))) | u32::from(vaddv_u8(vget_high_u8(bits))) << 8
    }
}

/// All bits of each byte that can't stand for itself, and none of the others.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(always)]
#[allow(unsafe_code)]
fn special_lanes(chunk: &[u8; STEP]) -> std::arch::aarch64::uint8x16_t {
    use std::arch::aarch64::{vceqq_u8, vcltq_u8, vdupq_n_u8, vld1q_u8, vorrq_u8};
    // SAFETY: NEON is part of this target, and the load reads the sixteen bytes that `chunk`
    // borrows, at any alignment.
    unsafe {
        let bytes = vld1q_u8(chunk.as_ptr());
        let quote = vceqq_u8(bytes, vdupq_n_u8(b'"'));
        let backslash = vceqq_u8(bytes, vdupq_n_u8(b'\\'));
        let control = vcltq_u8(bytes, vdupq_n_u8(0x20));
        vorrq_u8(vorrq_u8(quote, backslash), control)
    }
}

/// A bit for each byte that can't stand for itself, the lowest for the first.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
#[inline(always)]
fn specials(chunk: &[u8; STEP]) -> u32 {
    specials_by_words(chunk)
}

/// The same by arithmetic, eight bytes at once.
#[cfg(any(
    test,
    not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))
))]
#[inline(always)]
fn specials_by_words(chunk: &[u8; STEP]) -> u32 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const LOW: u64 = ONES * 0x7F;
    // The high bit of each byte that is zero; no carry leaves a byte.
    let zeros = |word: u64| !(((word & LOW) + LOW) | word | LOW);
    let mut bits = 0;
    for (half, bytes) in chunk.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let quotes = zeros(word ^ (ONES * u64::from(b'"')));
        let backslashes = zeros(word ^ (ONES * u64::from(b'\\')));
        let controls = zeros(word & (ONES * 0xE0));
        // Each byte's high bit, gathered into the highest byte.
        let hits = (quotes | backslashes | controls) >> 7;
        bits |= ((hits.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32) << (half * 8);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::{
        STEP, digits_ahead, eight_digits, equal_at, find_special, specials, specials_by_words,
    };

    fn is_special(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    #[test]
    fn every_byte_at_every_place_is_judged_alike_by_all_ways() {
        for byte in 0..=u8::MAX {
            for at in 0..STEP {
                for around in [b'a', b'"', 0xFF] {
                    let mut chunk = [around; STEP];
                    chunk[at] = byte;
                    let bit = |(at, &byte): (usize, &u8)| u32::from(is_special(byte)) << at;
                    let expected = chunk.iter().enumerate().map(bit).sum::<u32>();
                    assert_eq!(specials(&chunk), expected, "{byte:#x} at {at}");
                    assert_eq!(specials_by_words(&chunk), expected, "{byte:#x} at {at}");
                }
            }
        }
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_the_search_begins_and_ends() {
        let plain = "é abcdefghijklmnopqrstuvwxyz0123456789\u{7f}日本語".repeat(6);
        let text = format!("a\"b{plain}\n{plain}\\").into_bytes();
        for len in 0..=text.len() {
            for at in (0..=len).rev().step_by(7) {
                let found = text[at..len].iter().position(|&byte| is_special(byte));
                let expected = found.map_or(len, |found| at + found);
                assert_eq!(find_special(&text[..len], at), expected, "{at}..{len}");
            }
        }
    }

    #[test]
    fn digits_are_counted_up_to_any_other_byte() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut text = [b'7'; 20];
                text[at] = byte;
                let expected = if byte.is_ascii_digit() { 20 } else { at };
                assert_eq!(digits_ahead(&text, 0), expected, "{byte:#x} at {at}");
                if let Some(eight) = text.first_chunk::<8>() {
                    let value = std::str::from_utf8(eight).ok().and_then(|text| text.parse().ok());
                    let value = value.filter(|_| eight.iter().all(u8::is_ascii_digit));
                    assert_eq!(eight_digits(*eight), value, "{byte:#x} at {at}");
                }
            }
        }
        assert_eq!(eight_digits(*b"01234567"), Some(1_234_567));
    }

    #[test]
    fn texts_are_equal_where_all_their_bytes_are_and_what_lies_behind_does_not_count() {
        let text = b"customer_city_and_more_that_follows_here";
        for len in 0..24 {
            let mut other = *text;
            other[len] = b'#';
            assert!(equal_at(text, 0, &other, 0, len), "{len}");
            assert!(!equal_at(text, 0, &other, 0, len + 1), "{len}");
        }
    }
}
