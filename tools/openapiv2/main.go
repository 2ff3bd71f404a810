// Command openapiv2 is the plugin of buf that describes the API over HTTP: protoc-gen-openapiv2 of grpc-gateway, and what that cannot be told.
// It numbers the paths of one call (RelatedArticles3), and generators of clients make names of that; and it knows no path for a stream of articles, which the gateway answers by itself.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// names of the operations, by those that protoc-gen-openapiv2 gives.
var names = map[string]string{
	"ArticleService_GetCorpus":             "GetCorpus",
	"ArticleService_ListArticles":          "ListArticles",
	"ArticleService_GetArticle":            "GetArticle",
	"ArticleService_PutArticles":           "PutArticles",
	"ArticleService_DeleteArticles":        "DeleteArticles",
	"SimilarityService_RelatedArticles":    "RelatedArticles",
	"SimilarityService_RelatedArticles2":   "RelatedToURL",
	"SimilarityService_RelatedArticles3":   "RelatedToArticle",
	"SimilarityService_SimilarStatements":  "SimilarStatements",
	"SimilarityService_SimilarStatements2": "SimilarToStatement",
}

// What is described as a call with one article and one outcome; proto/akin/v1/openapi.yaml says that lines of them go either way.
const (
	stream = "PutArticles"
	rule   = `
    - selector: akin.v1.ArticleService.PutArticles
      post: /v1/corpora/{corpus}/articles
      body: article
`
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapiv2:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	asked, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	request := &pluginpb.CodeGeneratorRequest{}
	if err := proto.Unmarshal(asked, request); err != nil {
		return err
	}
	remove, err := addStream(request)
	if err != nil {
		return err
	}
	defer remove()
	response, err := generate(request)
	if err != nil {
		return err
	}
	for _, file := range response.GetFile() {
		renamed, err := rename(file.GetContent())
		if err != nil {
			return fmt.Errorf("%s: %w", file.GetName(), err)
		}
		file.Content = &renamed
	}
	answer, err := proto.Marshal(response)
	if err != nil {
		return err
	}
	_, err = out.Write(answer)
	return err
}

// addStream makes a plain call of the stream, and adds its rule to those of the file that the parameters name, in a file of its own.
func addStream(request *pluginpb.CodeGeneratorRequest) (remove func(), err error) {
	found := 0
	for _, file := range request.GetProtoFile() {
		for _, service := range file.GetService() {
			for _, method := range service.GetMethod() {
				if method.GetName() == stream {
					method.ClientStreaming, method.ServerStreaming = nil, nil
					found++
				}
			}
		}
	}
	if found != 1 {
		return nil, fmt.Errorf("%d methods have the name %s, want one", found, stream)
	}
	const parameter = "grpc_api_configuration="
	parameters := strings.Split(request.GetParameter(), ",")
	at := slices.IndexFunc(parameters, func(p string) bool { return strings.HasPrefix(p, parameter) })
	if at < 0 {
		return nil, errors.New("no parameter " + parameter)
	}
	rules, err := os.ReadFile(strings.TrimPrefix(parameters[at], parameter))
	if err != nil {
		return nil, err
	}
	all, err := os.CreateTemp("", "*.yaml")
	if err != nil {
		return nil, err
	}
	_, err = all.WriteString(strings.TrimRight(string(rules), "\n") + rule)
	parameters[at] = parameter + all.Name()
	request.Parameter = proto.String(strings.Join(parameters, ","))
	return func() { os.Remove(all.Name()) }, errors.Join(err, all.Close())
}

func generate(request *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	asked, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	plugin := exec.Command("go", "tool", "-modfile=tools/gen.mod", "protoc-gen-openapiv2")
	plugin.Stdin, plugin.Stderr = bytes.NewReader(asked), os.Stderr
	answer, err := plugin.Output()
	if err != nil {
		return nil, err
	}
	response := &pluginpb.CodeGeneratorResponse{}
	return response, proto.Unmarshal(answer, response)
}

// rename gives each operation its name, and fails where one has none.
func rename(description string) (string, error) {
	const field = "operationId: "
	left := maps.Clone(names)
	lines := strings.Split(description, "\n")
	for i, line := range lines {
		before, id, ok := strings.Cut(line, field)
		if !ok || strings.TrimSpace(before) != "" {
			continue
		}
		name, ok := left[id]
		if !ok {
			return "", fmt.Errorf("the operation %s has no name in tools/openapiv2", id)
		}
		delete(left, id)
		lines[i] = before + field + name
	}
	if len(left) > 0 {
		return "", fmt.Errorf("there are no operations %v", slices.Sorted(maps.Keys(left)))
	}
	return strings.Join(lines, "\n"), nil
}
