//! Tokens of rules files.

/// What a file consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    /// `( ) [ ] , = +`
    Sign(char),
    /// A line end or semicolon outside of brackets.
    End,
}

/// A token and its line, counted from 1.
pub(super) type Placed = (Token, usize);

/// A mistake and its line.
pub(super) type Mistake = (usize, String);

/// The tokens of a file up to the first mistake, and that mistake.
pub(super) fn tokens(source: &str) -> (Vec<Placed>, Option<Mistake>) {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
        depth: 0,
    };
    let mut tokens = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => {
                tokens.push((Token::End, lexer.line));
                return (tokens, None);
            }
            Err(mistake) => return (tokens, Some(mistake)),
        }
    }
}

struct Lexer<'s> {
    rest: &'s str,
    line: usize,
    /// Open brackets.
    depth: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Placed>, Mistake> {
        loop {
            let line = self.line;
            let Some(c) = self.rest.chars().next() else {
                return Ok(None);
            };
            match c {
                ' ' | '\t' | '\r' => self.skip(1),
                '\n' => {
                    self.skip(1);
                    self.line += 1;
                    if self.depth == 0 {
                        return Ok(Some((Token::End, line)));
                    }
                }
                ';' => {
                    self.skip(1);
                    return Ok(Some((Token::End, line)));
                }
                '#' => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.skip(end);
                }
                '\\' if self.rest.starts_with("\\\n") => {
                    self.skip(2);
                    self.line += 1;
                }
                '(' | '[' | ')' | ']' | ',' | '=' | '+' => {
                    match c {
                        '(' | '[' => self.depth += 1,
                        ')' | ']' => self.depth = self.depth.saturating_sub(1),
                        _ => {}
                    }
                    self.skip(1);
                    return Ok(Some((Token::Sign(c), line)));
                }
                '"' | '\'' => return Ok(Some((Token::Text(self.text(false)?), line))),
                'r' | 'R' if self.rest[1..].starts_with(['"', '\'']) => {
                    self.skip(1);
                    return Ok(Some((Token::Text(self.text(true)?), line)));
                }
                c if c.is_ascii_alphabetic() || c == '_' => {
                    let end = self
                        .rest
                        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                        .unwrap_or(self.rest.len());
                    let name = self.rest[..end].to_owned();
                    self.skip(end);
                    return Ok(Some((Token::Name(name), line)));
                }
                c => return Err((line, format!("unexpected {c:?}"))),
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// A string, from its first quote.
    fn text(&mut self, raw: bool) -> Result<String, Mistake> {
        let begin = self.line;
        let open = || (begin, "a string that does not end".to_owned());
        let quote = self.rest.chars().next().ok_or_else(open)?;
        let triple: String = [quote; 3].iter().collect();
        let is_triple = self.rest.starts_with(&triple);
        self.skip(if is_triple { 3 } else { 1 });
        let mut text = String::new();
        loop {
            if is_triple && self.rest.starts_with(&triple) {
                self.skip(3);
                return Ok(text);
            }
            let c = self.rest.chars().next().ok_or_else(open)?;
            self.skip(c.len_utf8());
            match c {
                c if c == quote && !is_triple => return Ok(text),
                '\n' if !is_triple => return Err(open()),
                '\n' => {
                    self.line += 1;
                    text.push('\n');
                }
                '\\' if raw => {
                    text.push('\\');
                    // A backslash keeps a quote from ending the string, and stays.
                    let next = self.rest.chars().next().ok_or_else(open)?;
                    if next == quote || next == '\\' {
                        self.skip(1);
                        text.push(next);
                    }
                }
                '\\' => self.escape(&mut text)?,
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Mistake> {
        let line = self.line;
        let wrong = |what: &str| (line, format!("an escape that is none: \\{what}"));
        let c = self.rest.chars().next().ok_or_else(|| wrong(""))?;
        self.skip(c.len_utf8());
        text.push(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\\' | '\'' | '"' => c,
            '\n' => {
                self.line += 1;
                return Ok(());
            }
            'x' => self.code(16, 2).ok_or_else(|| wrong("x"))?,
            'u' => self.code(16, 4).ok_or_else(|| wrong("u"))?,
            'U' => self.code(16, 8).ok_or_else(|| wrong("U"))?,
            '0'..='7' => {
                let digits = self
                    .rest
                    .bytes()
                    .take(2)
                    .take_while(|byte| (b'0'..=b'7').contains(byte))
                    .count();
                let number = format!("{c}{}", &self.rest[..digits]);
                self.skip(digits);
                u32::from_str_radix(&number, 8)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| wrong(&number))?
            }
            other => return Err(wrong(&other.to_string())),
        });
        Ok(())
    }

    fn code(&mut self, radix: u32, digits: usize) -> Option<char> {
        let number = self.rest.get(..digits)?;
        // A sign would be taken for part of a number.
        if !number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let code = char::from_u32(u32::from_str_radix(number, radix).ok()?)?;
        self.skip(digits);
        Some(code)
    }
}
