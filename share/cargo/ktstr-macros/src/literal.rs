// SPDX-License-Identifier: GPL-2.0-only
//! Reads string literals out of a macro's tokens.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// The values of `"a", "b", …`.
pub fn strings(input: TokenStream) -> Result<Vec<String>, String> {
    let mut values = Vec::new();

    for token in input {
        match token {
            TokenTree::Punct(p) if p.as_char() == ',' => {}
            // a macro_rules! metavariable arrives wrapped
            TokenTree::Group(g) if g.delimiter() == Delimiter::None => values.extend(strings(g.stream())?),
            TokenTree::Literal(l) => values.push(value(&l.to_string())?),
            other => return Err(format!("expected a file name in quotes, found `{other}`")),
        }
    }
    Ok(values)
}

fn value(literal: &str) -> Result<String, String> {
    let wrong = || format!("expected a file name in quotes, found `{literal}`");

    if let Some(raw) = literal.strip_prefix('r') {
        let raw = raw.trim_matches('#');
        return raw.strip_prefix('"').and_then(|s| s.strip_suffix('"')).map(str::to_owned).ok_or_else(wrong);
    }
    let quoted = literal.strip_prefix('"').and_then(|s| s.strip_suffix('"')).ok_or_else(wrong)?;
    unescape(quoted).ok_or_else(wrong)
}

/// The escapes that `{:?}` writes and people use in a file name.
fn unescape(quoted: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = quoted.chars();

    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'u' => {
                    let hex: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                    char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?
                }
                c @ ('\\' | '"' | '\'') => c,
                _ => return None,
            },
            c => c,
        };
        text.push(c);
    }
    Some(text)
}
