package login

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// door is how a registry is reached while a login is tried. It leaves of a page for
// people the title: nginx says with one that a password is wrong.
type door struct {
	base   http.RoundTripper
	locked atomic.Bool // somebody was not let in without a login
}

// RoundTrip sends the request.
func (d *door) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := d.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized {
		d.locked.Store(true)
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "text/html" {
		return response, nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	response.Body.Close()
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) { // some registries call whatever they answer HTML
		text = []byte(titleOf(text))
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response, nil
}

var title = pattern.New(`(?is)<title[^>]*>\s*(.{1,100}?)\s*</title>`)

func titleOf(page []byte) string {
	found := title.FindStringSubmatch(string(page))
	if found == nil {
		return ""
	}
	return strings.Join(strings.Fields(found[1]), " ")
}
