package report

import (
	"net/url"
	"strings"
)

// What comes from users, files and programs is shown as text: it never becomes
// markup of the page, and never ends a cell or a code span early.

// plain escapes everything that begins markup in GitHub's Markdown.
var plain = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "~", `\~`, "@", "&#64;", "#", `\#`,
	"\r\n", " ", "\n", " ", "\r", " ",
)

func text(s string) string { return plain.Replace(s) }

// cell is text short enough for a table.
func cell(s string) string {
	const most = 300
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + " …"
	}
	return text(s)
}

// code is a code span, longer than any run of backticks in it; "" stays empty.
func code(s string) string {
	if s == "" {
		return ""
	}
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "|", `\|`).Replace(s)
	ticks := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// link leads to a page, where that is one of the web; otherwise it is the text.
func link(label, page string) string {
	if to := target(page); to != "" {
		return "[" + text(label) + "]" + to
	}
	return text(label)
}

// codeLink is a code span that leads to a page, where that is one of the web.
func codeLink(label, page string) string {
	if to := target(page); to != "" && label != "" {
		return "[" + code(label) + "]" + to
	}
	return code(label)
}

// target is what makes a link of the brackets before it; "" of what is no page of the
// web.
func target(page string) string {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return "(" + strings.NewReplacer("(", "%28", ")", "%29").Replace(u.String()) + ")"
}

// fenceFor is a code fence that the content cannot close.
func fenceFor(content string) string {
	return strings.Repeat("`", max(3, longestRun(content)+1))
}

// longestRun is the length of the longest run of backticks in s.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, c := range s {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
