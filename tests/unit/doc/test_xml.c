/* test_xml.c - elements, attributes and what must be escaped. */
#include "check.h"
#include "doc/doc.h"

static void writes_elements(void **state) {
    pr_buf b;
    pr_xml x;
    (void)state;
    pr_buf_init(&b, 1 << 12);
    pr_xml_begin(&x, &b);
    pr_xml_open(&x, "net");
    pr_xml_attr(&x, "name", "a<b>&\"c\"\n\x01");
    pr_xml_attr_i64(&x, "version", -11);
    pr_xml_open(&x, "empty");
    pr_xml_close(&x);
    pr_xml_open(&x, "port");
    pr_xml_leaf(&x, "dim", "4 < 5");
    pr_xml_leaf(&x, "dim", "-1");
    pr_xml_close(&x);
    pr_xml_close(&x);
    pr_xml_close(&x); /* one too many is nothing */
    pr_buf_add(&b, "", 1);
    assert_false(b.failed);
    assert_string_equal(b.p, "<?xml version=\"1.0\"?>\n"
                             "<net name=\"a&lt;b&gt;&amp;&quot;c&quot;&#10;\xef\xbf\xbd\" "
                             "version=\"-11\">\n"
                             "  <empty/>\n"
                             "  <port>\n"
                             "    <dim>4 &lt; 5</dim>\n"
                             "    <dim>-1</dim>\n"
                             "  </port>\n"
                             "</net>\n");
    pr_buf_done(&b);
}

static void too_deep_fails(void **state) {
    pr_buf b;
    pr_xml x;
    (void)state;
    pr_buf_init(&b, 1 << 12);
    pr_xml_begin(&x, &b);
    for (int i = 0; i < PR_XML_DEPTH; i++) pr_xml_open(&x, "a");
    assert_false(b.failed);
    pr_xml_open(&x, "a");
    assert_true(b.failed);
    pr_buf_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_elements),
        cmocka_unit_test(too_deep_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
