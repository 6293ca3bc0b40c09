package hub

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (c *call) labelJSON(l *label) map[string]any {
	return map[string]any{"id": l.id, "node_id": l.nodeID(), "name": l.name, "color": l.color, "description": orNull(l.description), "default": false, "url": c.url("/labels/%s", l.name)}
}

func (c *call) labelsJSON(all []*label) []map[string]any {
	list := []map[string]any{}
	for _, l := range all {
		list = append(list, c.labelJSON(l))
	}
	return list
}

func (c *call) listIssueLabels() *answer {
	p := c.thePull()
	if p == nil {
		return c.notFound()
	}
	return paged(c, c.labelsJSON(p.labels))
}

// names are those of labels, which come in an object or as they are.
func (c *call) names() ([]string, *answer) {
	var bare []any
	if json.Unmarshal(c.body, &bare) == nil {
		return texts(bare), nil
	}
	f, bad := c.form(field{"labels", "array", false})
	return f.texts("labels"), bad
}

func (c *call) postIssueLabels() *answer { return c.setLabels(false) }

func (c *call) putIssueLabels() *answer { return c.setLabels(true) }

func (c *call) setLabels(anew bool) *answer {
	names, bad := c.names()
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	}
	if anew {
		p.labels = nil
	}
	p.addLabels(names...)
	return reply(http.StatusOK, c.labelsJSON(p.labels))
}

func (c *call) deleteIssueLabel() *answer {
	p := c.thePull()
	if p == nil {
		return c.notFound()
	}
	i := slices.IndexFunc(p.labels, func(l *label) bool { return strings.EqualFold(l.name, c.values["name"]) })
	if i < 0 {
		return c.fail(http.StatusNotFound, "Label does not exist")
	}
	p.labels = slices.Delete(p.labels, i, i+1)
	return reply(http.StatusOK, c.labelsJSON(p.labels))
}

func (c *call) listLabels() *answer { return paged(c, c.labelsJSON(c.repo.labels)) }

func (c *call) getLabel() *answer {
	if l := c.repo.knownLabel(c.values["name"]); l != nil {
		return reply(http.StatusOK, c.labelJSON(l))
	}
	return c.notFound()
}

func (c *call) postLabel() *answer {
	f, bad := c.form(field{"name", "string", true}, field{"color", "string", false}, field{"description", "string", false})
	switch {
	case bad != nil:
		return bad
	case c.repo.knownLabel(f.text("name")) != nil:
		return c.failed(map[string]any{"resource": "Label", "code": "already_exists", "field": "name"})
	}
	l := c.repo.label(f.text("name"))
	l.description = f.text("description")
	if f.has("color") {
		l.color = f.text("color")
	}
	return reply(http.StatusCreated, c.labelJSON(l))
}
