package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// htmlPage is a page for people where a registry should have answered: one to log
// in at, or that of a web server with nothing else there.
type htmlPage struct {
	asked  string // method and address
	status int
	title  string
	answer *transport.Error // nil where the page came as if all were well
}

// Error tells the page's title in the place of its text.
func (p *htmlPage) Error() string {
	told := fmt.Sprintf("%s: %d %s with a page of HTML", p.asked, p.status, http.StatusText(p.status))
	if p.title == "" {
		return told
	}
	return fmt.Sprintf("%s: %q", told, p.title)
}

// Unwrap is the answer, for those who want its status.
func (p *htmlPage) Unwrap() error {
	if p.answer == nil {
		return nil
	}
	return p.answer
}

// addressOf is a request's method and address, less what an address may keep secret.
func addressOf(request *http.Request) string {
	return request.Method + " " + nameOf(request.URL)
}

// nameOf is an address, less what it may keep secret.
func nameOf(address *url.URL) string {
	at := *address
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	return at.String()
}

// longestPage bounds how much of a page is looked at for its title.
const longestPage = 64 << 10

var title = pattern.New(`(?is)<title[^>]*>\s*(.{1,100}?)\s*</title>`)

func titleOf(page string) string {
	if found := title.FindStringSubmatch(page); found != nil {
		return strings.Join(strings.Fields(found[1]), " ")
	}
	return ""
}

// readable is err, with the title of a page in the place of the whole, and other
// text that is not of the protocol without what is not for people.
func readable(answer *transport.Error, err error) error {
	text := answer.Error()
	lower := strings.ToLower(text)
	switch {
	case len(answer.Errors) > 0 || answer.Request == nil:
		return err
	case !strings.Contains(lower, "<html") && !strings.Contains(lower, "<!doctype html"):
		return fault.Reworded(strings.Replace(err.Error(), text, plain(text), 1), err)
	}
	return &htmlPage{
		asked: addressOf(answer.Request), status: answer.StatusCode,
		title: titleOf(text), answer: answer,
	}
}

// plain is an answer without the object that Docker Hub's token service puts its words
// into, and without ends of lines.
func plain(text string) string {
	text = strings.TrimSpace(text)
	at := strings.Index(text, `{"details":`)
	if at < 0 {
		return text
	}
	var told struct{ Details string }
	if json.Unmarshal([]byte(text[at:]), &told) != nil {
		return text
	}
	return text[:at] + told.Details
}

// noPages is a transport that takes a page of HTML for no answer, even if it comes
// with status 200: to a client of registries it would be a manifest, or the
// permission to go on without a login. It looks at the text as well, since some
// registries call whatever they answer HTML. Blobs may be pages, and who reads a
// list of tags looks at it closely.
type noPages struct{ base http.RoundTripper }

// RoundTrip gives an error in the place of a page.
func (n noPages) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := n.base.RoundTrip(request)
	if err != nil || response.StatusCode >= 300 || request.Method == http.MethodHead {
		return response, err
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	path := request.URL.Path
	if kind != "text/html" || request.Method == http.MethodGet && strings.Contains(path, "/blobs/") || strings.HasSuffix(path, "/tags/list") {
		return response, nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, longestPage))
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		response.Body = readCloser{io.MultiReader(bytes.NewReader(text), response.Body), response.Body}
		return response, nil
	}
	response.Body.Close()
	return nil, &htmlPage{
		asked: addressOf(request), status: response.StatusCode, title: titleOf(string(text)),
	}
}
