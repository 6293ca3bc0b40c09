package hub

import (
	"fmt"
	"slices"
	"strings"
)

// mergeWords are those of a client for the commit that a merge makes; what is nil is
// left to GitHub, and so is an empty headline.
type mergeWords struct{ headline, body *string }

// message is that of the commit that merges a pull request into a base.
func (p *pull) message(l landing, base string) string {
	headline, body := fmt.Sprintf("Merge pull request #%d from %s/%s", p.number, p.headOwner(), p.head), p.title
	if l.method == "squash" {
		headline, body = p.squashed(base)
	}
	if l.words.headline != nil && *l.words.headline != "" {
		headline = *l.words.headline
	}
	if l.words.body != nil {
		body = *l.words.body
	}
	return joinMessage(headline, body)
}

// squashed is the message that a repository gives to a squash if it has no setting
// of its own: the words of the only commit, else the title and all of their words.
func (p *pull) squashed(base string) (headline, body string) {
	commits := p.repo.store.history(p.headOID, base)
	if len(commits) == 1 {
		return fmt.Sprintf("%s (#%d)", commits[0].headline(), p.number), commits[0].body()
	}
	slices.Reverse(commits)
	var list []string
	for _, c := range commits {
		list = append(list, "* "+strings.TrimSpace(c.message))
	}
	return fmt.Sprintf("%s (#%d)", p.title, p.number), strings.Join(list, "\n\n")
}

func joinMessage(headline, body string) string {
	if body == "" {
		return headline
	}
	return headline + "\n\n" + body
}
