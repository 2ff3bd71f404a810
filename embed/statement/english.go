package statement

import "github.com/akinserver/akin"

type english struct{}

func newEnglish(a akin.Article) *english { return &english{} }

func (e *english) paragraph(index int, text string) []akin.Statement { return nil }
