package world

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// longest bounds how much of a body is looked through for secrets.
const longest = 1 << 20

// secret is a text that only some hosts may be told.
type secret struct {
	text  string
	hosts []string
}

// Secret fails the test when a text reaches a host that is not named here: in an
// address, a header, base64 in a header, or a form. Of the hosts that may be told
// it, none may see it in an address either: addresses are written to logs.
func (w *World) Secret(text string, hosts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, secret{text, hosts})
}

// guard looks for secrets in what came to a host.
func (w *World) guard(request *http.Request) {
	w.mu.Lock()
	secrets := slices.Clone(w.secrets)
	w.mu.Unlock()
	if len(secrets) == 0 {
		return
	}
	address, told := request.URL.String(), headers(request.Header)+form(request)
	if plain, err := url.QueryUnescape(address); err == nil {
		address += "\n" + plain
	}
	for _, s := range secrets {
		switch {
		case strings.Contains(address, s.text):
			w.errorf("%s got a secret in an address: %s %s", request.Host, request.Method, request.URL.Path)
		case strings.Contains(told, s.text) && !slices.Contains(s.hosts, request.Host):
			w.errorf("%s got a secret that it should not know: %s %s", request.Host, request.Method, request.URL.Path)
		}
	}
}

// headers is the text of all values, and what those of basic authorization mean.
func headers(header http.Header) string {
	var text strings.Builder
	for _, values := range header {
		for _, value := range values {
			text.WriteString(value + "\n")
			_, encoded, _ := strings.Cut(value, " ")
			if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				text.Write(append(plain, '\n'))
			}
		}
	}
	return text.String()
}

// form is the body of a form, as text, which the handler reads once more.
func form(request *http.Request) string {
	if !strings.HasPrefix(request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	data, err := io.ReadAll(io.LimitReader(request.Body, longest))
	request.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(data), request.Body), request.Body}
	if err != nil {
		return ""
	}
	plain, _ := url.QueryUnescape(string(data))
	return plain
}
