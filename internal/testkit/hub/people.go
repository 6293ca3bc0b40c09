package hub

import (
	"fmt"
	"slices"
	"strings"
)

// person is a user or a bot.
type person struct {
	id    int
	login string // a bot's with its [bot]
	name  string
	email string
}

func (p *person) bot() bool { return strings.HasSuffix(p.login, "[bot]") }

// team is one of an organization: org/slug.
type team struct {
	id        int
	org, slug string
}

// actionsBot is the number of the user github-actions[bot] on github.com.
const actionsBot = 41898282

// User makes a user, who can be asked to review and be assigned.
func (h *Hub) User(login string) {
	h.state.Lock()
	defer h.state.Unlock()
	h.person(login)
}

// Team makes a team, named org/slug.
func (h *Hub) Team(name string) {
	h.state.Lock()
	defer h.state.Unlock()
	org, slug, _ := strings.Cut(name, "/")
	h.teams = append(h.teams, &team{h.next(), org, slug})
}

// person is the user of that name, made where there is none.
func (h *Hub) person(login string) *person {
	if p := h.known(login); p != nil {
		return p
	}
	p := &person{id: h.next(), login: login, name: login}
	if login == "github-actions[bot]" {
		p.id = actionsBot
	}
	p.email = fmt.Sprintf("%d+%s@users.noreply.github.com", p.id, login)
	h.people = append(h.people, p)
	return p
}

// known is the user of that name, nil where there is none.
func (h *Hub) known(login string) *person {
	return first(h.people, func(p *person) bool { return strings.EqualFold(p.login, login) })
}

// byEmail is the user to whom GitHub ascribes a commit.
func (h *Hub) byEmail(email string) *person {
	return first(h.people, func(p *person) bool { return p.email == email })
}

func (h *Hub) knownTeam(org, slug string) *team {
	return first(h.teams, func(t *team) bool { return t.org == org && t.slug == slug })
}

// first is the first element for which this is true, and nothing where there is none.
func first[T any](all []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i]
	}
	return nil
}
