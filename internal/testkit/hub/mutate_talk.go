package hub

import "slices"

func addComment(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("subjectId"))
	if err != nil {
		return nil, err
	}
	body := in.text("body")
	if err := graphTooLong("", body); err != nil {
		return nil, err
	}
	m := p.comment(body, x.who.owner)
	return map[string]any{"subject": &pullNode{p}, "commentEdge": bag{"IssueCommentEdge", map[string]any{"node": p.commentBag(m)}}}, nil
}

func addLabelsToLabelable(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("labelableId"))
	if err != nil {
		return nil, err
	}
	labels, err := p.repo.labelsOf(in.texts("labelIds"))
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		p.addLabels(l.name)
	}
	return map[string]any{"labelable": &pullNode{p}}, nil
}

func addAssigneesToAssignable(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("assignableId"))
	if err != nil {
		return nil, err
	}
	people, err := x.hub.peopleOf(in.texts("assigneeIds"))
	if err != nil {
		return nil, err
	}
	for _, who := range people {
		p.assign([]string{who.login})
	}
	return map[string]any{"assignable": &pullNode{p}}, nil
}

func requestReviews(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	people, err := x.hub.peopleOf(in.texts("userIds"))
	if err != nil {
		return nil, err
	}
	var teams []*team
	for _, id := range in.texts("teamIds") {
		t := first(x.hub.teams, func(t *team) bool { return t.nodeID() == id })
		if t == nil {
			return nil, notFound(unresolved(id))
		}
		teams = append(teams, t)
	}
	if slices.Contains(people, p.author) {
		return nil, unprocessable("Review cannot be requested from pull request author.")
	}
	if !in.bool("union") {
		p.reviewers, p.teams = nil, nil
	}
	p.review(people, teams)
	return p.payload(), nil
}

func (r *Repo) labelsOf(ids []string) ([]*label, error) {
	var labels []*label
	for _, id := range ids {
		l := first(r.labels, func(l *label) bool { return l.nodeID() == id })
		if l == nil {
			return nil, notFound(unresolved(id))
		}
		labels = append(labels, l)
	}
	return labels, nil
}

func (h *Hub) peopleOf(ids []string) ([]*person, error) {
	var people []*person
	for _, id := range ids {
		p := first(h.people, func(p *person) bool { return p.nodeID() == id })
		if p == nil {
			return nil, notFound(unresolved(id))
		}
		people = append(people, p)
	}
	return people, nil
}
