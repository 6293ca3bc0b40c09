package infra

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// description is the text of a pull request, and what tells that it is up to date.
type description struct {
	title, body string
	key, hash   string
}

func newDescription(c ChangeSet, w *work) description {
	d := describe(w.message, c.Key)
	if c.Title != "" {
		d.title = c.Title
	}
	if c.Body != "" {
		d.body = c.Body
	}
	h := sha256.New()
	fmt.Fprintln(h, w.on.Head)
	for _, f := range w.files {
		fmt.Fprintf(h, "%q %s %d\n%s\n", f.path, f.mode, len(f.data), f.data)
	}
	d.hash = fmt.Sprintf("%x", h.Sum(nil)[:8])
	return d
}

// describe makes the text of a commit's message.
func describe(message, key string) description {
	subject, rest, _ := strings.Cut(message, "\n")
	return description{title: subject, body: strings.TrimSpace(rest), key: key}
}

// The mark in a pull request's body tells a later run what it proposes and from
// which bytes on which commit; people do not see it. It is the last of its kind:
// what stands before it may hold anything.
var mark = pattern.New(`<!-- tagboat key=(\S*) state=(\S*) -->`)

// GitHub takes 256 characters of a title and 65,536 of text.
const (
	mostTitle = 250
	mostBody  = 60_000
)

// marked is the body with the mark of what a commit proposes.
func (d description) marked(commit string) string {
	body := strings.TrimSpace(strings.ReplaceAll(shortened(d.body), "<!-- tagboat", "&lt;!-- tagboat"))
	return strings.TrimSpace(fmt.Sprintf("%s\n\n<!-- tagboat key=%s state=%s-%s -->", body, url.QueryEscape(d.key), d.hash, commit)) + "\n"
}

// shortened is a text that was cut where it is too long, and says so.
func shortened(text string) string {
	if len(text) <= mostBody {
		return text
	}
	return strings.ToValidUTF8(text[:mostBody], "") + " …\n\nThe rest did not fit."
}

func readMark(body string) (key, state string) {
	all := mark.Regexp().FindAllStringSubmatch(body, -1)
	if len(all) == 0 {
		return "", ""
	}
	last := all[len(all)-1]
	key, err := url.QueryUnescape(last[1])
	if err != nil {
		return "", ""
	}
	return key, last[2]
}

// unmarked is the body without its marks: the proposal may be made again.
func unmarked(body string) string {
	return strings.TrimSpace(mark.Regexp().ReplaceAllString(body, ""))
}
