package infra

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// combined is the message of one commit for several edits: their subjects, then
// what each says in full, then all their trailers in the one last paragraph in
// which git looks for them.
func combined(sets []ChangeSet) string {
	if len(sets) == 1 {
		return sets[0].Message
	}
	var subjects, bodies, trailers []string
	for _, set := range sets {
		subject, body, last := parts(set.Message)
		subjects = append(subjects, subject)
		bodies = append(bodies, strings.TrimSpace(subject+"\n\n"+body))
		if last != "" {
			trailers = append(trailers, last)
		}
	}
	head := cut(fmt.Sprintf("%d bumps: %s", len(sets), strings.Join(subjects, "; ")))
	return strings.TrimSpace(head+"\n\n"+strings.Join(bodies, "\n\n")+"\n\n"+strings.Join(trailers, "\n")) + "\n"
}

// trailerLine is one of the last paragraph: a key and a value, or more of the value.
var trailerLine = pattern.New(`^([A-Za-z0-9-]+: |[ \t]+\S)`)

// parts takes a message apart. A last paragraph with another line than trailers is
// part of the body.
func parts(message string) (subject, body, trailers string) {
	subject, rest, _ := strings.Cut(strings.TrimSpace(message), "\n")
	rest = strings.TrimSpace(rest)
	at := strings.LastIndex(rest, "\n\n")
	last := strings.TrimSpace(rest[max(at, 0):])
	for line := range strings.SplitSeq(last, "\n") {
		if !trailerLine.MatchString(line) {
			return subject, rest, ""
		}
	}
	return subject, strings.TrimSpace(rest[:max(at, 0)]), last
}

// longestSubject is what a subject of many may take, in characters: hosts and git log
// --oneline show no more of it.
const longestSubject = 120

func cut(subject string) string { return atMost(subject, longestSubject) }

// atMost is a line of at most so many characters, which shows where it was cut.
func atMost(line string, most int) string {
	runes := []rune(line)
	if len(runes) <= most {
		return line
	}
	return string(runes[:most-1]) + "…"
}
