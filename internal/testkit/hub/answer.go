package hub

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// docs is the page that every error leads to which knows no better one.
const docs = "https://docs.github.com/rest"

// reply answers with a value as JSON; nil has no body.
func reply(status int, value any) *answer {
	a := &answer{status: status, header: http.Header{}}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	if value != nil {
		a.body = encode(value)
	}
	return a
}

// encode is JSON as GitHub writes it: < and & as they are.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func text(status int, words string) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: []byte(words)}
}

// failure is an error in the form of REST. errors has the form that the endpoint
// gives it: objects, strings, or one string.
func failure(status int, message, page string, errors ...any) *answer {
	body := map[string]any{"message": message, "documentation_url": page, "status": itoa(status)}
	if len(errors) == 1 {
		if words, ok := errors[0].(string); ok {
			body["errors"] = words
		} else {
			body["errors"] = errors
		}
	} else if len(errors) > 1 {
		body["errors"] = errors
	}
	return reply(status, body)
}

// send writes the answer.
func (a *answer) send(w http.ResponseWriter) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// tagged gives a successful GET its entity tag, and takes the body of one that the
// client has.
func (a *answer) tagged(r *http.Request) *answer {
	if r.Method != http.MethodGet || a.status != http.StatusOK {
		return a
	}
	sum := sha256.New()
	sum.Write([]byte(r.Header.Get("Accept") + "\x00" + r.Header.Get("Authorization") + "\x00" + a.header.Get("Link")))
	sum.Write(a.body)
	tag := `W/"` + hex.EncodeToString(sum.Sum(nil)) + `"`
	a.header.Set("ETag", tag)
	a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	if r.Header.Get("If-None-Match") == tag {
		a.status, a.body = http.StatusNotModified, nil
	}
	return a
}
