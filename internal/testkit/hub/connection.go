package hub

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// connection is a page of a list.
type connection struct {
	kind       string // PullRequest of PullRequestConnection
	all        int
	from, upTo int
	nodes      []any
	count      func() int // how many there are, where all are not at hand; nil is all
	unbound    error      // what asking for more than totalCount gets; nil where first or last was given
}

func (c *connection) typename() string { return c.kind + "Connection" }

// page is the part of a list that first, last, after and before ask for. name is
// that of the field.
func page(a *args, name, kind string, all []any) (any, error) {
	first, last := a.number("first"), a.number("last")
	switch {
	case !a.has("first") && !a.has("last"):
		return &connection{kind: kind, all: len(all), unbound: &graphError{"MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", name)}}, nil
	case first > 100 || last > 100:
		which := map[bool]string{true: "first", false: "last"}[first > 100]
		return nil, &graphError{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `%s` limit of 100 records.", max(first, last), name, which)}
	}
	c := &connection{kind: kind, all: len(all), upTo: len(all)}
	if after := a.text("after"); after != "" {
		c.from = min(position(after), len(all))
	}
	if before := a.text("before"); before != "" {
		c.upTo = max(min(position(before)-1, len(all)), c.from)
	}
	if a.has("first") {
		c.upTo = min(c.upTo, c.from+first)
	}
	if a.has("last") {
		c.from = max(c.from, c.upTo-last)
	}
	c.nodes = all[c.from:c.upTo]
	return c, nil
}

// cursor names the n-th of a list, counted from 1.
func cursor(n int) string {
	return base64.StdEncoding.EncodeToString([]byte("cursor:" + itoa(n)))
}

func position(cursor string) int {
	raw, _ := base64.StdEncoding.DecodeString(cursor)
	n, _ := strconv.Atoi(strings.TrimPrefix(string(raw), "cursor:"))
	return n
}

func (c *connection) field(_ *exec, name string, _ *args) (any, error) {
	switch name {
	case "totalCount":
		if c.count != nil {
			return c.count(), nil
		}
		return c.all, nil
	case "nodes":
		return c.nodes, nil
	case "edges":
		edges := []any{}
		for i, n := range c.nodes {
			edges = append(edges, bag{c.kind + "Edge", map[string]any{"node": n, "cursor": cursor(c.from + i + 1)}})
		}
		return edges, nil
	case "pageInfo":
		info := map[string]any{"hasNextPage": c.upTo < c.all, "hasPreviousPage": c.from > 0, "startCursor": nil, "endCursor": nil}
		if len(c.nodes) > 0 {
			info["startCursor"], info["endCursor"] = cursor(c.from+1), cursor(c.upTo)
		}
		return bag{"PageInfo", info}, nil
	default:
		return nil, errUntaught
	}
}
