package hub

import (
	"fmt"
	"strings"
)

// queryRoot is where queries begin.
type queryRoot struct{}

func (*queryRoot) typename() string { return "Query" }

func (*queryRoot) field(x *exec, name string, a *args) (any, error) {
	switch name {
	case "repository":
		a.get("followRenames")
		return x.repository(a.text("owner") + "/" + a.text("name"))
	case "viewer":
		return &personNode{x.who.owner, true}, nil
	case "rateLimit":
		b := x.hub.budget(x.who, "graphql")
		return bag{"RateLimit", map[string]any{"cost": 1, "limit": b.limit, "remaining": b.remaining(), "used": b.used, "resetAt": moment(b.reset), "nodeCount": 1}}, nil
	case "node":
		return x.node(a.text("id"))
	case "user":
		if p := x.hub.known(a.text("login")); p != nil {
			return &personNode{p, false}, nil
		}
		return nil, &graphError{"NOT_FOUND", "Could not resolve to a User with the login of '" + a.text("login") + "'."}
	case "organization":
		return &organizationNode{a.text("login")}, nil
	default:
		return nil, errUntaught
	}
}

func (x *exec) repository(name string) (any, error) {
	r := x.hub.repos[strings.ToLower(name)]
	if r == nil || !x.who.sees(r) {
		return nil, &graphError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%s'.", name)}
	}
	return &repositoryNode{r}, nil
}

func (x *exec) node(id string) (any, error) {
	if r := x.hub.repoOf(id); r != nil && x.who.sees(r) {
		return &repositoryNode{r}, nil
	}
	if p := x.hub.pullOf(id); p != nil && x.who.sees(p.repo) {
		return &pullNode{p}, nil
	}
	if r, name := x.hub.refOf(id); r != nil && x.who.sees(r) && x.refs(r).get(name) != "" {
		return &refNode{r, ref{name, x.refs(r).get(name)}}, nil
	}
	return nil, &graphError{"NOT_FOUND", unresolved(id)}
}

// need asks for a permission on a repository.
func (x *exec) need(r *Repo, permission, access string) error {
	switch {
	case access == "read" && !r.settings.Private:
		return nil
	case !x.who.covers(r) || !x.who.may(permission, access):
		return &graphError{"FORBIDDEN", x.who.refusal()}
	case access == "write" && r.settings.Archived:
		return &graphError{"FORBIDDEN", "Repository was archived so is read-only."}
	default:
		return nil
	}
}

// personNode is a user or a bot. An actor has a bot's login without [bot], the
// viewer has it whole.
type personNode struct {
	*person
	whole bool
}

func (p *personNode) typename() string {
	if p.bot() && !p.whole {
		return "Bot"
	}
	return "User"
}

func (p *personNode) field(_ *exec, name string, _ *args) (any, error) {
	switch name {
	case "login":
		if p.whole {
			return p.login, nil
		}
		return strings.TrimSuffix(p.login, "[bot]"), nil
	case "id":
		return p.nodeID(), nil
	case "databaseId":
		return p.id, nil
	case "name":
		return p.name, nil
	case "email":
		return p.email, nil
	default:
		return nil, errUntaught
	}
}

// actor is the node of somebody; null for nobody.
func actor(p *person) any {
	if p == nil {
		return nil
	}
	return &personNode{p, false}
}

type organizationNode struct{ login string }

func (*organizationNode) typename() string { return "Organization" }

func (o *organizationNode) field(x *exec, name string, a *args) (any, error) {
	switch name {
	case "login":
		return o.login, nil
	case "team":
		if t := x.hub.knownTeam(o.login, a.text("slug")); t != nil {
			return teamBag(t), nil
		}
		return nil, nil
	default:
		return nil, errUntaught
	}
}

func teamBag(t *team) bag {
	return bag{"Team", map[string]any{"id": t.nodeID(), "slug": t.slug, "name": t.slug, "databaseId": t.id, "combinedSlug": t.org + "/" + t.slug}}
}
