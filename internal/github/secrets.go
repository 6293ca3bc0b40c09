package github

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// secrets are the tokens that were sent, to be taken out of what is said about
// answers: a proxy's may repeat a request.
type secrets struct {
	mu  sync.Mutex
	all []string
}

// shortest is how long a token is at least; what is shorter is part of other words.
const shortest = 8

// add remembers the token of an Authorization header.
func (s *secrets) add(authorization string) {
	_, token, _ := strings.Cut(authorization, " ")
	if len(token) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.all, token) {
		s.all = append(s.all, token)
	}
}

// hide takes the tokens out of a text.
func (s *secrets) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range s.all {
		text = strings.ReplaceAll(text, token, "***")
	}
	return text
}

// hideIn takes the tokens out of a body. JSON is written anew first: it has more
// than one way to spell a token.
func (s *secrets) hideIn(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil && !decoder.More() {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(value) == nil {
			body = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		}
	}
	return []byte(s.hide(string(body)))
}
