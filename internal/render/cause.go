package render

import (
	"errors"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// cause is what an error of kustomize comes down to, without the way there.
func cause(err error) string {
	text := quotedCause(err.Error())
	if m := notAFolder.FindStringSubmatch(text); m != nil {
		text = m[1] // what was wrong with the file, before it was tried as a folder
	} else if text == err.Error() {
		for err != nil {
			text, err = err.Error(), errors.Unwrap(err)
		}
	}
	text = theWay.ReplaceAllString(text, "")
	if text == "must specify --enable-helm" {
		text = "it takes Helm to fill in a chart, and no program is started"
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, top+"/", ""), top, ".")
	return shorten(strings.Join(strings.Fields(text), " "))
}

var (
	componentError = pattern.New(`(?s)^.*?(?:accumulateDirectory|loader\.New):? ("(?:[^"\\]|\\.)*")$`)
	notAFolder     = pattern.New(`(?s)^.*accumulation err='(?:accumulating|merging) resources from (.*)': must build at directory: '[^']*': file is not directory$`)
	theWay         = pattern.New(`(?s)^.*(?:accumulating [a-z]+|must build at directory|not a valid directory|(?:of|for) path '[^']*'): `)
)

// quotedCause is the error of a component, which the one around it quotes.
func quotedCause(text string) string {
	for m := componentError.FindStringSubmatch(text); m != nil; m = componentError.FindStringSubmatch(text) {
		inner, err := strconv.Unquote(m[1])
		if err != nil {
			break
		}
		text = inner
	}
	return text
}

// shorten cuts a text that an error or a table shows.
func shorten(text string) string {
	const most = 300
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
