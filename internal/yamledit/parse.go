package yamledit

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// decode reads every document of the stream: fast where the text is plain
// enough, and by the parser otherwise. All errors are the parser's.
func decode(src []byte) ([]*yaml.Node, error) {
	if docs, ok := fast(src); ok {
		return docs, nil
	}
	return decodeAny(src)
}

// decodeAny is decode by the parser alone.
func decodeAny(src []byte) (docs []*yaml.Node, err error) {
	if !utf8.Valid(src) {
		return nil, errorf(firstBad(src), "the text is not UTF-8")
	}
	// The parser has internal errors of its own (an unexpected comment event,
	// for one) that it reports by a panic; to us such a text is unreadable.
	defer func() {
		if p := recover(); p != nil {
			docs, err = nil, errorf(0, "the YAML parser gave up: %v", p)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for {
		doc := new(yaml.Node)
		switch err := dec.Decode(doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, parseError(src, err)
		}
		docs = append(docs, doc)
	}
}

var parserForm = pattern.New(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// parseError takes the parser's line out of its text. The parser gives none
// for the first line and for characters that YAML forbids.
func parseError(src []byte, err error) *Error {
	m := parserForm.FindStringSubmatch(err.Error())
	if m == nil {
		return errorf(0, "%v", err)
	}
	if line, err := strconv.Atoi(m[1]); err == nil {
		return errorf(line, "%s", m[2])
	}
	return errorf(firstBad(src), "%s", m[2])
}

// firstBad is the line of the first character that cannot stand in YAML, or 1.
func firstBad(src []byte) int {
	line := 1
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1, r < 0x20 && r != '\t' && r != '\r', r >= 0x7F && r < 0xA0 && r != 0x85:
			return line
		}
		i += size
	}
	return 1
}
